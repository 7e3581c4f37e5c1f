import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const docs = join(import.meta.dirname, '..')
const text = readFileSync(join(docs, 'known-pitfalls.md'), 'utf8')
const linked = [...text.matchAll(/\| \[([^\]]+)\]\((\S+)\)/g)].map(([, title = '', file = '']) => ({
  title,
  file,
}))

test('docs/known-pitfalls.md names a test for each pitfall', () => {
  const rows = text.split('\n').filter((line) => /^\| (?!Pitfall|-)/.test(line))
  expect(linked).toHaveLength(rows.length)
})

test.each(linked)('the linked file has the test: $title', ({ title, file }) => {
  expect(readFileSync(join(docs, file), 'utf8')).toContain(`'${title}'`)
})
