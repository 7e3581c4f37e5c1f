import { readFileSync } from 'node:fs'
import { format, type FormatConfig } from 'oxfmt'
import type { Slice } from './slice.ts'
import { commands } from './templates/commands.ts'
import { contract } from './templates/contract.ts'
import { eventContract } from './templates/event-contract.ts'
import { history, totals, totalsTest } from './templates/kinds.ts'
import { readModel } from './templates/read-model.ts'
import { readModelTest } from './templates/read-model-test.ts'
import { readerSuite } from './templates/reader-suite.ts'
import { rules } from './templates/rules.ts'
import { rulesTest } from './templates/rules-test.ts'
import { writerSuite } from './templates/writer-suite.ts'

/** A file of a slice; the path is relative to the root of the repository. */
export type SliceFile = { path: string; text: string }

const style = JSON.parse(
  readFileSync(new URL('../../.oxfmtrc.json', import.meta.url), 'utf8'),
) as FormatConfig

/** The folders that belong to the slice alone. */
export const sliceFolders = ({ name }: Slice): string[] => [
  `contracts/proto/lockstep/${name}`,
  `writer-service/src/${name}`,
  `reader-service/src/${name}`,
]

/** The files of a slice, formatted as the project formats its code: a template need not break lines. */
export async function sliceFiles(slice: Slice): Promise<SliceFile[]> {
  const { name } = slice
  const texts = {
    [`contracts/proto/lockstep/${name}/v1/${name}.proto`]: contract(slice),
    [`contracts/src/${name}-events.ts`]: eventContract(slice),
    [`writer-service/src/${name}/${name}.ts`]: rules(slice),
    [`writer-service/src/${name}/commands.ts`]: commands(slice),
    [`writer-service/src/${name}/${name}.test.ts`]: rulesTest(slice),
    [`writer-service/src/${name}/${name}.int.test.ts`]: writerSuite(slice),
    [`reader-service/src/${name}/${name}-read-model.ts`]: readModel(slice),
    [`reader-service/src/${name}/${name}-read-model.test.ts`]: readModelTest(slice),
    [`reader-service/src/${name}/${name}-read-model.int.test.ts`]: readerSuite(slice),
    ...(slice.history && { [`reader-service/src/${name}/${name}-history.ts`]: history(slice) }),
    ...(slice.totals && {
      [`reader-service/src/${name}/${name}-totals.ts`]: totals(slice, slice.totals),
      [`reader-service/src/${name}/${name}-totals.test.ts`]: totalsTest(slice, slice.totals),
    }),
  }
  return Promise.all(
    Object.entries(texts).map(async ([path, text]) => ({ path, text: await formatted(path, text) })),
  )
}

async function formatted(path: string, text: string): Promise<string> {
  if (!path.endsWith('.ts')) return text
  const { code, errors } = await format(path, text, style)
  if (errors.length > 0)
    throw new Error(`the template of ${path} is not TypeScript: ${JSON.stringify(errors)}`)
  return code
}
