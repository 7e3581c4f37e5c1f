import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { requestIdOf } from './request-id.ts'

test.each([
  randomUUID(),
  'Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1',
  'a/b+c==',
  '7:1',
  '{"id"}',
  'x'.repeat(255),
])("a caller's id is used as it is: %s", (id) => {
  expect(requestIdOf(id)).toBe(id)
})

test.each([undefined, '', 'two words', 'é', 'a\tb', 'x'.repeat(256)])(
  '%j is replaced by a new id',
  (given) => {
    expect(requestIdOf(given)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  },
)
