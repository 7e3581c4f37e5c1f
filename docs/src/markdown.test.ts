import { expect, test } from 'vitest'
import { fillIn, table } from './markdown.ts'

test('a table is padded, and a bar in a cell does not end the cell', () => {
  expect(table(['a', 'long'], [['one|two', 'x']])).toBe(
    ['| a        | long |', '| -------- | ---- |', String.raw`| one\|two | x    |`].join('\n'),
  )
})

test('parts are inserted between their marks and nothing else changes', () => {
  const text = 'before\n<!-- generated: a -->\nold\n<!-- end -->\nafter'
  const filled = fillIn(text, { a: 'new' })
  expect(filled).toBe('before\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nafter')
  expect(fillIn(filled, { a: 'new' })).toBe(filled)
})

test('a mark without a part and a part without a mark throw', () => {
  expect(() => fillIn('<!-- generated: a -->\n<!-- end -->', {})).toThrow('no part named a')
  expect(() => fillIn('', { a: 'x' })).toThrow('no place for a')
})
