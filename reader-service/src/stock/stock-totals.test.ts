import type { StockEvent } from '@lockstep/contracts/gen/lockstep/stock/v1/events.ts'
import { expect, test } from 'vitest'
import { stockTotals } from './stock-totals.ts'

const at = new Date('2026-03-14T09:26:53.589Z')
const eventWith = (onHand: number, reserved: number): StockEvent => ({
  eventId: '0198c0de-7a11-7c0d-8000-00000000e001',
  stockId: 's',
  version: 2,
  occurredAt: at,
  createdAt: at,
  level: { onHand, reservations: reserved > 0 ? [{ reservationId: 'a', quantity: reserved }] : [] },
  change: { $case: 'counted', counted: { onHand } },
})

test.each([
  [0, 0, 'sold-out', 0],
  [5, 5, 'sold-out', 0],
  [5, 4, 'low', 1],
  [12, 3, 'low', 9],
  [12, 2, 'plenty', 10],
])('%i on hand and %i reserved count as %s', (onHand, reserved, group, value) => {
  expect(stockTotals.source.stateOf(eventWith(onHand, reserved))).toMatchObject({ share: { group, value } })
})
