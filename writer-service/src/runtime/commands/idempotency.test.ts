import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { replay, withFingerprint, type RequestedCommand } from './idempotency.ts'

const id = randomUUID()
const outcome = { type: 'done', id, version: 1 } as const
const same = (first: RequestedCommand, second: RequestedCommand, aggregate = 'thing') =>
  replay({ ...withFingerprint('k', 'thing', first), outcome }, withFingerprint('k', aggregate, second))

const of = (
  command: { type: string } & Record<string, unknown>,
  options: { id?: string | undefined; expectedVersion?: number | 'any' } = {},
): RequestedCommand => ({ id, expectedVersion: undefined, ...options, command })

test('the same command, with its fields in any order, is the command that has the key', () => {
  const first = of({ type: 'create', details: { name: 'Tea', tags: ['a', 'b'] }, note: undefined })
  const reordered = of({ details: { tags: ['a', 'b'], name: 'Tea' }, type: 'create' })
  expect(same(first, reordered)).toBe(outcome)
})

test('the same command on another aggregate type is another command', () => {
  const command = of({ type: 'create' })
  expect(() => same(command, command, 'other')).toThrow(
    expect.objectContaining({ code: 'idempotency_mismatch' }),
  )
})

const commands: Record<string, RequestedCommand> = {
  'a create with an id': of({ type: 'create', details: { name: 'Tea' } }),
  'a create with another id': of({ type: 'create', details: { name: 'Tea' } }, { id: randomUUID() }),
  'a create without an id': of({ type: 'create', details: { name: 'Tea' } }, { id: undefined }),
  'a create with another field': of({ type: 'create', details: { name: 'Tea', description: '' } }),
  'a create with its fields elsewhere': of({ type: 'create', name: 'Tea' }),
  'a create with a list in another order': of({ type: 'create', details: { tags: ['b', 'a'] } }),
  'a create with a list': of({ type: 'create', details: { tags: ['a', 'b'] } }),
  'an update': of({ type: 'update', changes: { name: 'Tea', priceCents: 1 } }),
  'an update of fewer fields': of({ type: 'update', changes: { name: 'Tea' } }),
  'an update that expects a version': of(
    { type: 'update', changes: { name: 'Tea' } },
    { expectedVersion: 1 },
  ),
  'an update that expects another version': of(
    { type: 'update', changes: { name: 'Tea' } },
    { expectedVersion: 2 },
  ),
  'an update that expects any version': of(
    { type: 'update', changes: { name: 'Tea' } },
    { expectedVersion: 'any' },
  ),
  'a delete': of({ type: 'delete' }),
  'a delete that expects a version': of({ type: 'delete' }, { expectedVersion: 1 }),
}
const names = Object.keys(commands)
const pairs = names.flatMap((first, i) => names.slice(i + 1).map((second) => [first, second] as const))

test.each(pairs)('%s is not %s', (first, second) => {
  const call = () => same(commands[first]!, commands[second]!)
  expect(call).toThrow(expect.objectContaining({ code: 'idempotency_mismatch' }))
})
