import { expect, test } from 'vitest'
import type { FieldViolation } from '../errors/app-error.ts'
import { entityTagsOf, matchHas, noneMatchHas } from './entity-tags.ts'

test.each([
  // [header, If-None-Match names "3", If-Match has "3"]
  ['"3"', true, true],
  ['W/"3"', true, false],
  ['"1", W/"3" ,"5"', true, false],
  ['"1" , "3"', true, true],
  [',"3",,', true, true],
  ['*', true, true],
  [' * ', true, true],
  ['"33"', false, false],
  ['"3-gzip"', false, false],
  ['""', false, false],
])('%s', (header, none, match) => {
  const violations: FieldViolation[] = []
  const tags = entityTagsOf(header, 'If-Match', violations)!
  expect(violations).toEqual([])
  expect([noneMatchHas(tags, '"3"'), matchHas(tags, '"3"')]).toEqual([none, match])
})

test.each(['3', '', ',', '"3', '3"', '"1" "3"', '"1";"3"', 'w/"3"', '*, *', '"1", *', "'3'", '"a b"'])(
  '%j is no list of entity tags',
  (header) => {
    const violations: FieldViolation[] = []
    entityTagsOf(header, 'If-Match', violations)
    expect(violations.map(({ field }) => field)).toEqual(['If-Match'])
  },
)

test('a list that never ends is refused at once', () => {
  const violations: FieldViolation[] = []
  entityTagsOf(`${'"3", '.repeat(3_000)}x`, 'If-Match', violations)
  entityTagsOf(`"3"${' '.repeat(16_000)}x`, 'If-Match', violations)
  entityTagsOf(`${','.repeat(16_000)}x`, 'If-Match', violations)
  expect(violations).toHaveLength(3)
})
