import { join } from 'node:path'
import { parseArguments, usage, UsageError } from './parse-arguments.ts'
import { existingAggregates, refuseConflicts } from './name-conflicts.ts'
import { nextSteps } from './next-steps.ts'
import { sliceFiles, sliceFolders } from './slice-files.ts'
import { writeFiles } from './write-files.ts'

/** `pnpm create_aggregate`: writes the files of a new aggregate. docs/add-your-own-aggregate.md describes it. */
async function main(argv: readonly string[]): Promise<void> {
  if (argv.some((argument) => argument === '-h' || argument === '--help')) return console.log(usage)
  const slice = parseArguments(argv)
  refuseConflicts(slice, await existingAggregates())
  const files = await sliceFiles(slice)
  await writeFiles(join(import.meta.dirname, '../..'), sliceFolders(slice), files)
  console.log(nextSteps(slice, files))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
