import { startStack } from '../system/stack.ts'
import { readOptions, type Options } from './options.ts'
import { plan } from './plan.ts'
import { withPreload } from '../system/preload/overrides.ts'
import { seeded } from './random.ts'
import { keepResults, line, showFailure, sumOf } from './report.ts'
import { runScenario, type Result } from './run-scenario.ts'
import { scenarios } from '../scenarios/all.ts'

/** `make faults`: the system under faults, and a judgement of everything that callers were told meanwhile. */
async function main(options: Options): Promise<number> {
  const begun = Date.now()
  const random = seeded(options.seed)
  console.log(`seed ${options.seed}`)
  const results: Result[] = []
  const runs = plan(scenarios, options, random, () => Date.now() - begun)
  let next = runs.next()
  // A failure may leave something behind: what comes after it begins with another stack.
  while (!next.done) {
    await using stack = await startStack({ readers: 2, proxiedCallers: true, settings: withPreload })
    for (let failed = false; !failed && !next.done; next = runs.next()) {
      const run = await runScenario(stack, next.value, seeded(options.seed))
      results.push(run.result)
      keepResults(options.seed, results)
      console.log(line(run.result))
      failed = run.result.violations.length > 0
      if (failed) showFailure(stack, run, again(options, run.result.scenarios))
    }
  }
  return summary(options, results)
}

function again({ seed }: Options, names: readonly string[]): string {
  return `make faults SEED=${seed} ONLY=${names.join('+')}`
}

function summary(options: Options, results: readonly Result[]): number {
  const { passed, failed } = keepResults(options.seed, results)
  console.log(`\n${sumOf(options.seed, results)}`)
  for (const { scenarios: names, violations } of results) {
    if (violations.length > 0) console.log(`failed: ${again(options, names)}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Exit code 2 for options that cannot be. */
function optionsOrEnd(): Options {
  try {
    return readOptions(process.env, scenarios)
  } catch (error) {
    console.error((error as Error).message)
    process.exit(2)
  }
}

process.exitCode = await main(optionsOrEnd())
