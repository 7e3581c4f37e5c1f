import { writeReport } from './report/write-report.ts'
import { openBench, optionsOf, runCases } from './run-cases.ts'

/** `make bench`: starts a separate stack on free ports, measures it, and removes it. REPORT=1 also writes the report. */
async function main(): Promise<number> {
  const { chosen, ...options } = optionsOf(process.env)
  const began = performance.now()
  console.log('Starting everything on free ports...')
  await using bench = await openBench(options)
  const failed = await runCases(bench, chosen)
  if (process.env.REPORT === '1') await writeReport()
  console.log(
    `\n${chosen.length - failed} cases measured, ${failed} failed, in ${((performance.now() - began) / 1_000).toFixed(0)} s.`,
  )
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
