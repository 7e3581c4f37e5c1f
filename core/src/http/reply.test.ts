import { expect, test } from 'vitest'
import { noneMatchHas } from './reply.ts'

test.each([
  ['"3"', true],
  ['W/"3"', true],
  ['"1", W/"3" ,"5"', true],
  ['*', true],
  ['"33"', false],
  ['3', false],
  ['', false],
  [undefined, false],
])('If-None-Match: %s', (header, expected) => {
  expect(noneMatchHas(header, '"3"')).toBe(expected)
})
