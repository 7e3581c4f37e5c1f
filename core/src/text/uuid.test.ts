import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isLowerCaseUuid, isUuid } from './uuid.ts'

test('a UUID is accepted in any case, and stored in lower case', () => {
  const id = randomUUID()
  expect([isUuid(id), isUuid(id.toUpperCase())]).toEqual([true, true])
  expect([isLowerCaseUuid(id), isLowerCaseUuid('0196A8C4-6d1e-7c3a-9f52-3f6f1f0a4b11')]).toEqual([
    true,
    false,
  ])
})

test.each([
  '',
  'x',
  '0196a8c46d1e7c3a9f523f6f1f0a4b11',
  ' 0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11',
  '{0196a8c4}',
])('%j is not a UUID', (text) => {
  expect(isUuid(text)).toBe(false)
  expect(isLowerCaseUuid(text)).toBe(false)
})
