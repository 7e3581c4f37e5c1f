import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { errorCatalogue } from '@lockstep/core/errors/app-error.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { generatedFiles } from './generated-files.ts'

const files = generatedFiles()

test.each(files.map((file) => ({ ...file, name: basename(file.path) })))(
  '$name matches the code (run make generate to update it)',
  ({ path, text }) => {
    expect(readFileSync(path, 'utf8')).toBe(text)
  },
)

test('docs/errors.md explains every error code once, and every refusal once for each aggregate', () => {
  const { text = '' } = files.find(({ path }) => path.endsWith('errors.md')) ?? {}
  const explained = [...text.matchAll(/^- `(\w+)`(?: \((\w+)\))?: /gm)].map(([, code, type]) => [code, type])
  const refusals = aggregates.flatMap(({ type, refusals: all }) =>
    Object.keys(all).flatMap((code) => (code in errorCatalogue ? [] : [[code, type]])),
  )
  const codes = Object.keys(errorCatalogue).map((code) => [code, undefined])
  expect(explained.toSorted()).toEqual([...codes, ...refusals].toSorted())
})
