import { expect, test } from 'vitest'
import { etagOf } from './etag.ts'

test('the entity tag of a version is strong: the version in quotes', () => {
  expect(etagOf(7)).toBe('"7"')
})
