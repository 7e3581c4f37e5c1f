import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const docs = join(import.meta.dirname, '..')
const text = readFileSync(join(docs, 'known-faults.md'), 'utf8')
const named = [...text.matchAll(/\| \[([^\]]+)\]\((\S+)\)/g)].map(([, promise = '', file = '']) => ({
  promise,
  file,
}))

test('docs/known-faults.md names a test for each fault', () => {
  const rows = text.split('\n').filter((line) => /^\| (?!Fault|-)/.test(line))
  expect(named).toHaveLength(rows.length)
})

test.each(named)('the test that it names is there: $promise', ({ promise, file }) => {
  expect(readFileSync(join(docs, file), 'utf8')).toContain(`'${promise}'`)
})
