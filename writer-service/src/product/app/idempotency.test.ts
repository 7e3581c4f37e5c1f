import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { tea } from '../../testing/products.ts'
import { firstOutcome, keyed, type RequestedCommand } from './idempotency.ts'

const id = randomUUID()
const outcome = { type: 'done', id, version: 1 } as const
const same = (first: RequestedCommand, second: RequestedCommand) =>
  firstOutcome({ ...keyed('k', first), outcome }, keyed('k', second))

test('the same command, with its fields in any order, is the command that has the key', () => {
  const { name, description, category, priceCents } = tea
  const reordered = { priceCents, category, description, name }
  expect(same({ type: 'create', id, details: tea }, { type: 'create', id, details: reordered })).toBe(outcome)
})

const commands: Record<string, RequestedCommand> = {
  'a create with an id': { type: 'create', id, details: tea },
  'a create with another id': { type: 'create', id: randomUUID(), details: tea },
  'a create without an id': { type: 'create', id: undefined, details: tea },
  'a create with another field': { type: 'create', id, details: { ...tea, description: '' } },
  'an update': { type: 'update', id, changes: tea },
  'an update of fewer fields': { type: 'update', id, changes: { name: tea.name } },
  'an update that expects a version': { type: 'update', id, changes: tea, expectedVersion: 1 },
  'an update that expects another version': { type: 'update', id, changes: tea, expectedVersion: 2 },
  'a delete': { type: 'delete', id },
  'a delete that expects a version': { type: 'delete', id, expectedVersion: 1 },
}
const names = Object.keys(commands)
const pairs = names.flatMap((first, i) => names.slice(i + 1).map((second) => [first, second] as const))

test.each(pairs)('%s is not %s', (first, second) => {
  const call = () => same(commands[first]!, commands[second]!)
  expect(call).toThrow(expect.objectContaining({ code: 'idempotency_mismatch' }))
})
