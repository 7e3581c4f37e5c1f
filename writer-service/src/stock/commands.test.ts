import { expect, test } from 'vitest'
import { stockAggregate } from './commands.ts'
import { MAX_ON_HAND } from './stock.ts'

const { commands, events } = stockAggregate

test('a count may be everything that a stock can have, and no more', () => {
  const input = commands['count']!.input
  expect(input.safeParse({ onHand: 0 }).success).toBe(true)
  expect(input.safeParse({ onHand: MAX_ON_HAND }).success).toBe(true)
  expect(input.safeParse({ onHand: MAX_ON_HAND + 1 }).success).toBe(false)
})

test('an event without a level is an error, not a state without fields', () => {
  const event = events.contract.decode(Buffer.alloc(0))
  expect(() => events.stateOf(event)).toThrow('a stock event has no level')
})
