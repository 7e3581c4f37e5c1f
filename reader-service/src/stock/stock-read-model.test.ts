import { randomUUID } from 'node:crypto'
import type { StockEvent } from '@lockstep/contracts/gen/lockstep/stock/v1/events.ts'
import { expect, test } from 'vitest'
import { stockSource } from './stock-read-model.ts'

const at = new Date('2026-03-14T09:26:53.589Z')

function event(changed: Partial<StockEvent> = {}): StockEvent {
  return {
    eventId: randomUUID(),
    stockId: 's',
    version: 2,
    occurredAt: at,
    createdAt: at,
    level: {
      onHand: 10,
      reservations: [
        { reservationId: 'a', quantity: 3 },
        { reservationId: 'b', quantity: 4 },
      ],
    },
    change: { $case: 'reserved', reserved: { reservationId: 'b', quantity: 4 } },
    ...changed,
  }
}

test('an event carries the whole state after the change', () => {
  expect(stockSource.invariant?.(event())).toBeUndefined()
  expect(stockSource.stateOf(event())).toEqual({
    id: 's',
    version: 2,
    deleted: false,
    onHand: 10,
    reserved: 7,
    updatedAt: at,
  })
})

test.each<[string, Partial<StockEvent>]>([
  ['the level is missing', { level: undefined }],
  ['7 are reserved, but only 6 are on hand', { level: { ...event().level!, onHand: 6 } }],
])('an event that breaks an invariant is rejected: %s', (message, changed) => {
  expect(stockSource.invariant?.(event(changed))).toBe(message)
})
