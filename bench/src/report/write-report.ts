import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fillIn } from '@lockstep/docs/markdown.ts'
import { plots, resultTables } from './render-report.ts'
import { readResults } from './results.ts'

const docs = join(import.meta.dirname, '../../../docs')

/** Writes the stored results into docs/performance.md, between its marks, and the plots beside it. */
export async function writeReport(): Promise<void> {
  const results = await readResults()
  if (Object.keys(results.cases).length === 0) throw new Error('There are no results: run make bench first.')
  const page = join(docs, 'performance.md')
  await writeFile(page, fillIn(await readFile(page, 'utf8'), resultTables(results)))
  await mkdir(join(docs, 'performance'), { recursive: true })
  for (const [name, svg] of Object.entries(plots(results))) {
    await writeFile(join(docs, 'performance', name), svg)
  }
  console.log('Wrote docs/performance.md and the plots in docs/performance/.')
}
