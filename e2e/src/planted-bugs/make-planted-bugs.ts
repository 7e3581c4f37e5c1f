import type { Service } from '../system/services.ts'
import { startStack, type Stack } from '../system/stack.ts'
import { show } from '../checkers/violation.ts'
import { order, withPreload } from '../system/preload/overrides.ts'
import { seeded } from '../runner/random.ts'
import { runScenario, type Result } from '../runner/run-scenario.ts'
import { scenarios } from '../scenarios/all.ts'
import type { Bug } from './bug.ts'
import { bugs } from './bugs.ts'
import { keepPlanted, type PlantedResult } from './results.ts'

/** A promise that is broken stays broken: there is nothing to wait for long. */
const limits = { recoverWithinMs: 31_000, settleWithinMs: 3_000 }

/** Many products, so that few of them get the later event that would hide what happened to an earlier one. */
const traffic = { products: 60 }

const ROUNDS = 5

/** `make planted_bugs`: each bug in the services, one after the other, and the checker that catches it. */
async function main(only: readonly string[]): Promise<number> {
  await using stack = await startStack({ readers: 2, proxiedCallers: true, settings: withPreload })
  const chosen = bugs.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
  let infected = new Set<Service>()
  const results: PlantedResult[] = []
  let missed = 0
  for (const bug of chosen) {
    await order(stack, { bug: bug.name })
    await stack.mend()
    const next = loading(stack, bug)
    await restarted([...infected.union(next)])
    infected = next
    const { violations, seconds } = await resultOf(stack, bug)
    const caught = [...new Set(violations.map(({ promise }) => promise))]
    results.push({ name: bug.name, scenario: bug.scenario, broken: caught })
    keepPlanted(results)
    const byWhom = caught.includes(bug.caughtBy)
    if (!byWhom) missed++
    const verdict = byWhom ? 'caught' : 'MISSED'
    const all = caught.join(' ') || 'none'
    console.log(`${verdict}  ${bug.name}: ${bug.caughtBy}, with ${bug.scenario}, ${seconds} s; all: ${all}`)
    const example = violations.find(({ promise }) => promise === bug.caughtBy)
    if (example) console.log(`          ${show(example)}`)
  }
  console.log(`${chosen.length - missed} planted bugs caught, ${missed} missed`)
  return missed === 0 ? 0 : 1
}

/** The services that have a file of the bug; what is in core may be in each of them. */
function loading({ writers, readers }: Pick<Stack, 'writers' | 'readers'>, { changes }: Bug): Set<Service> {
  const only = (folder: string) => changes.every(({ file }) => file.startsWith(folder))
  if (only('writer-service/')) return new Set(writers)
  if (only('reader-service/')) return new Set(readers)
  return new Set([...writers, ...readers])
}

async function restarted(services: readonly Service[]): Promise<void> {
  await Promise.all(services.map(({ process }) => process.stop()))
  await Promise.all(services.map(({ process }) => process.start()))
}

/** The result that shows the bug, or the last of some: it takes a command that is in hand at the right moment. */
async function resultOf(stack: Stack, { scenario: name, caughtBy }: Bug): Promise<Result> {
  const scenario = scenarios.find((each) => each.name === name)!
  for (let round = 1; ; round++) {
    const { result } = await runScenario(stack, [{ ...scenario, traffic }], seeded(round), limits)
    if (round === ROUNDS || result.violations.some(({ promise }) => promise === caughtBy)) return result
  }
}

process.exitCode = await main(process.argv.slice(2))
