import { show, type Violation } from '../checkers/violation.ts'
import { seeded } from '../runner/random.ts'
import { runScenario, type Result } from '../runner/run-scenario.ts'
import { scenarios } from '../scenarios/all.ts'
import { override, withPreload } from '../system/preload/overrides.ts'
import type { Service } from '../system/services.ts'
import { startStack, type Stack } from '../system/stack.ts'
import type { Bug } from './bug.ts'
import { bugs } from './bugs.ts'
import { keepPlanted, type PlantedResult } from './results.ts'

/** A violation is permanent: a long wait finds no more. */
const limits = { recoverWithinMs: 31_000, checkWithinMs: 3_000 }

/** Many aggregates, so that few of them get a later event that would hide what happened to an earlier one. */
const manyAggregates = { aggregates: 60 }

const ROUNDS = 5

/**
 * `make planted_bugs`: plants one bug after the other in the services, and expects the check that catches it.
 * ONLY=tombstone,gap chooses those whose names contain one of the words.
 */
async function main(only: readonly string[]): Promise<number> {
  const chosen = bugs.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
  const results: PlantedResult[] = []
  let missed = 0
  while (results.length < chosen.length) {
    await using stack = await startStack({ readers: 2, proxiedCallers: true, settings: withPreload })
    let infected = new Set<Service>()
    for (let last = false; !last && results.length < chosen.length;) {
      const bug = chosen[results.length]!
      const next = servicesWith(stack, bug)
      await override(stack, { bug: bug.name })
      await stack.heal()
      await restarted([...infected.union(next)])
      infected = next
      const { violations, seconds } = await resultOf(stack, bug)
      const violated = [...new Set(violations.map(({ check }) => check))]
      results.push({ name: bug.name, scenario: bug.scenario, violated })
      keepPlanted(results)
      if (!violated.includes(bug.caughtBy)) missed++
      showResult(bug, violations, seconds)
      // Totals count all aggregates, so wrong ones stay wrong for the bugs behind.
      last = violated.includes('totals') || chosen[results.length]?.ownStack === true
    }
  }
  console.log(`${chosen.length - missed} planted bugs caught, ${missed} missed`)
  return missed === 0 ? 0 : 1
}

function showResult({ name, caughtBy, scenario }: Bug, violations: readonly Violation[], seconds: number) {
  const example = violations.find(({ check }) => check === caughtBy)
  const all = [...new Set(violations.map(({ check }) => check))].join(', ') || 'none'
  const verdict = example ? 'caught' : 'MISSED'
  console.log(`${verdict}  ${name}, by ${caughtBy}, with ${scenario}, in ${seconds} s; all: ${all}`)
  if (example) console.log(`          ${show(example)}`)
}

/** The services that load a file of the bug; files of core may be in each of them. */
function servicesWith(
  { writers, readers }: Pick<Stack, 'writers' | 'readers'>,
  { changes }: Bug,
): Set<Service> {
  const only = (folder: string) => changes.every(({ file }) => file.startsWith(folder))
  if (only('writer-service/')) return new Set(writers)
  if (only('reader-service/')) return new Set(readers)
  return new Set([...writers, ...readers])
}

async function restarted(services: readonly Service[]): Promise<void> {
  await Promise.all(services.map(({ process }) => process.stop()))
  await Promise.all(services.map(({ process }) => process.start()))
}

/** The result that shows the bug, or the last one: a command must be in flight at the right moment. */
async function resultOf(
  stack: Stack,
  { scenario: name, caughtBy, traffic = manyAggregates }: Bug,
): Promise<Result> {
  const scenario = scenarios.find((each) => each.name === name)!
  for (let round = 1; ; round++) {
    const faults = [{ ...scenario, traffic: { ...scenario.traffic, ...traffic } }]
    const { result } = await runScenario(stack, faults, seeded(round), limits)
    if (round === ROUNDS || result.violations.some(({ check }) => check === caughtBy)) return result
  }
}

process.exitCode = await main((process.env.ONLY ?? '').split(',').filter(Boolean))
