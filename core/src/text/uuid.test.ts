import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { isLowerCaseUuid, isUuid, uuidV7 } from './uuid.ts'

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

test('a UUIDv7 begins with its time, has its version and variant, and differs from any other', () => {
  const all = Array.from({ length: 1_000 }, () => uuidV7(0x0196_a8c4_6d1e))
  for (const id of all) expect(id).toMatch(/^0196a8c4-6d1e-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  expect(new Set(all).size).toBe(all.length)
  expect(uuidV7(5)).toMatch(/^00000000-0005-7/)
  expect(Number.parseInt(uuidV7().replaceAll('-', '').slice(0, 12), 16)).toBeCloseTo(Date.now(), -4)
})
