import { startStack } from '../../stack.ts'
import { show } from '../../history/violation.ts'
import { order, withPreload } from '../preload/preloads.ts'
import { seeded } from '../random.ts'
import { runScenario } from '../run-scenario.ts'
import { scenarios } from '../scenarios/all.ts'
import { bugs, type Bug } from './bugs.ts'

/** A promise that is broken stays broken: there is nothing to wait for long. */
const limits = { recoverWithinMs: 31_000, settleWithinMs: 3_000 }

/** Many products, so that few of them get the later event that would hide what happened to an earlier one. */
const traffic = { products: 60 }

/** `make planted_bugs`: each bug in the services, one after the other, and the checker that catches it. */
async function main(only: readonly string[]): Promise<number> {
  await using stack = await startStack({ readers: 2, proxiedCallers: true, settings: withPreload })
  const services = [...stack.writers, ...stack.readers]
  const chosen = bugs.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))
  let missed = 0
  for (const bug of chosen) {
    await order(stack, { bug: bug.name })
    await stack.mend()
    await Promise.all(services.map(({ process }) => process.stop()))
    await Promise.all(services.map(({ process }) => process.start()))
    const violations = await violationsWith(bug)
    const caught = [...new Set(violations.map(({ promise }) => promise))]
    const byWhom = caught.includes(bug.caughtBy)
    if (!byWhom) missed++
    console.log(
      `${byWhom ? 'caught' : 'MISSED'}  ${bug.name}: ${bug.caughtBy}, with ${bug.scenario}; all: ${caught.join(' ') || 'none'}`,
    )
    const example = violations.find(({ promise }) => promise === bug.caughtBy)
    if (example) console.log(`          ${show(example)}`)
  }
  console.log(`${chosen.length - missed} planted bugs caught, ${missed} missed`)
  return missed === 0 ? 0 : 1

  async function violationsWith({ scenario: name }: Bug) {
    const scenario = scenarios.find((each) => each.name === name)!
    const { result } = await runScenario(stack, [{ ...scenario, traffic }], seeded(1), limits)
    return result.violations
  }
}

process.exitCode = await main(process.argv.slice(2))
