import { validate, version } from 'uuid'
import { expect, test } from 'vitest'
import { newId } from './new-id.ts'

test('a thousand ids, of more than one fetch of random bytes, are different UUIDs of version 7', () => {
  const ids = Array.from({ length: 1_000 }, newId)
  expect(new Set(ids.map((id) => id.slice(-16))).size).toBe(1_000)
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true)
})
