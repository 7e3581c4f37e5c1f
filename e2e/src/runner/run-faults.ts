import { scenarios } from '../scenarios/all.ts'
import { withPreload } from '../system/preload/overrides.ts'
import { startStack } from '../system/stack.ts'
import { readOptions, type Options } from './options.ts'
import { plan } from './plan.ts'
import { seeded } from './random.ts'
import { keepResults, line, showFailure, totalsOf } from './fault-results.ts'
import { runScenario, type Result } from './run-scenario.ts'

/** `make faults`: injects faults into the running system, and checks everything that callers experienced. */
async function main(options: Options): Promise<number> {
  const begun = Date.now()
  const random = seeded(options.seed)
  console.log(`seed ${options.seed}`)
  const results: Result[] = []
  const runs = plan(scenarios, options, random, () => Date.now() - begun)
  let next = runs.next()
  // A failure may leave traces in the stack: the scenarios after it run on another one.
  while (!next.done) {
    await using stack = await startStack({ readers: 2, proxiedCallers: true, settings: withPreload })
    for (let failed = false; !failed && !next.done; next = runs.next()) {
      const run = await runScenario(stack, next.value, seeded(options.seed))
      results.push(run.result)
      keepResults(options.seed, results)
      console.log(line(run.result))
      failed = run.result.violations.length > 0
      if (failed) showFailure(stack, run, repeatCommand(options, run.result.scenarios))
    }
  }
  return summary(options, results, Math.round((Date.now() - begun) / 1_000))
}

function repeatCommand({ seed }: Options, names: readonly string[]): string {
  return `make faults SEED=${seed} ONLY=${names.join('+')}`
}

const SLOWEST = 10

function summary(options: Options, results: readonly Result[], seconds: number): number {
  const { passed, failed } = keepResults(options.seed, results)
  console.log('\nThe slowest scenarios:')
  for (const result of results.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)) {
    console.log(`${String(result.seconds).padStart(5)} s  ${result.scenarios.join(' + ')}`)
  }
  console.log(`\n${totalsOf(options.seed, results)} The run took ${seconds} s.`)
  for (const { scenarios: names, violations } of results) {
    if (violations.length > 0) console.log(`failed: ${repeatCommand(options, names)}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Exit code 2 for wrong options. */
function optionsOrExit(): Options {
  try {
    return readOptions(process.env, scenarios)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}

process.exitCode = await main(optionsOrExit())
