import type { Slice } from './slice.ts'
import type { SliceFile } from './slice-files.ts'

/** What the command prints: the files, the lines to add to existing lists, and what to run next. */
export function nextSteps({ name, history, totals }: Slice, files: readonly SliceFile[]): string {
  const lines = files.map(({ text }) => text.split('\n').length - 1)
  const total = lines.reduce((sum, count) => sum + count, 0)
  const readModels = [
    [`${name}ReadModel`, `${name}-read-model`],
    ...(history ? [[`${name}History`, `${name}-history`]] : []),
    ...(totals ? [[`${name}Totals`, `${name}-totals`]] : []),
  ]
  return `Wrote ${files.length} files with ${total} lines:
${files.map(({ path }, index) => `${String(lines[index]).padStart(5)}  ${path}`).join('\n')}

Add these lines, the imports to the imports and the names to the list:
  writer-service/src/aggregates.ts
    + import { ${name}Aggregate } from './${name}/commands.ts'
    +   ${name}Aggregate,
  reader-service/src/read-models.ts
${readModels.map(([value, file]) => `    + import { ${value} } from './${name}/${file}.ts'`).join('\n')}
${readModels.map(([value]) => `    +   ${value},`).join('\n')}

Then run (if pnpm is not on your PATH, write scripts/run pnpm):
  pnpm generate                      generates the contracts' code and the reference pages
  scripts/check all                  lint, format, types, dead code, contracts
  pnpm vitest run ${name.padEnd(19)}the tests of the slice, on real servers
  make down; make up                 restarts the services; creates the SQL view, the topics, the indexes

docs/add-your-own-aggregate.md explains the files, and what to change first.`
}
