import { relative } from 'node:path'
import type { Reporter, TestModule } from 'vitest/node'

const SHOWN = 10

/** Prints the slowest test files at the end of a run: the first candidates when the tests take too long. */
export const slowestFiles: Reporter = {
  onTestRunEnd(modules) {
    const slowest = modules
      .map((module) => ({ module, seconds: secondsOf(module) }))
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, SHOWN)
    console.log('\nThe slowest test files:')
    for (const { module, seconds } of slowest) {
      console.log(`${seconds.toFixed(1).padStart(7)} s  ${relative(process.cwd(), module.moduleId)}`)
    }
  },
}

function secondsOf(module: TestModule): number {
  const { duration, collectDuration, setupDuration } = module.diagnostic()
  return (duration + collectDuration + setupDuration) / 1_000
}
