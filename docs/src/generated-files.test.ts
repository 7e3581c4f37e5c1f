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

test('docs/errors.md explains every error code once', () => {
  const { text = '' } = files.find(({ path }) => path.endsWith('errors.md')) ?? {}
  const explained = [...text.matchAll(/^- `(\w+)`: /gm)].map(([, code]) => code)
  const refusals = aggregates.flatMap((aggregate) => Object.keys(aggregate.refusals))
  expect(explained.toSorted()).toEqual([...new Set([...Object.keys(errorCatalogue), ...refusals])].toSorted())
})
