import type { Slice } from './slice.ts'
import type { SliceFile } from './slice-files.ts'

/** What the command prints: the files, the lines to add to existing lists, and what to run next. */
export function nextSteps({ name }: Slice, files: readonly SliceFile[]): string {
  const lines = files.map(({ text }) => text.split('\n').length - 1)
  const total = lines.reduce((sum, count) => sum + count, 0)
  return `Wrote ${files.length} files with ${total} lines:
${files.map(({ path }, index) => `${String(lines[index]).padStart(5)}  ${path}`).join('\n')}

Add these lines, the first with the imports and the second to the list:
  writer-service/src/aggregates.ts
    + import { ${name}Aggregate } from './${name}/commands.ts'
    +   ${name}Aggregate,
  reader-service/src/read-models.ts
    + import { ${name}ReadModel } from './${name}/${name}-read-model.ts'
    +   ${name}ReadModel,

Then run (if pnpm is not on your PATH, write scripts/run pnpm):
  pnpm generate                      generates the contracts' code and the reference pages
  scripts/check all                  lint, format, types, dead code, contracts
  pnpm vitest run ${name.padEnd(19)}the tests of the slice, on real servers
  make down; make up                 restarts the services; creates the SQL view, the topics, the indexes

docs/add-your-own-aggregate.md explains the files, and what to change first.`
}
