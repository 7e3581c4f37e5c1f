import { expect, test } from 'vitest'
import {
  availableOf,
  decide,
  evolve,
  MAX_ON_HAND,
  MAX_RESERVATIONS,
  type Stock,
  type StockCommand,
} from './stock.ts'

const id = '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11'

const ten: Stock = { onHand: 10, reservations: [] }
const sevenOfTen: Stock = { onHand: 10, reservations: [{ reservationId: 'a', quantity: 7 }] }

function after(state: Stock | undefined, command: StockCommand): Stock {
  const decision = decide(state, command, { id })
  if (decision.type !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(decision)}`)
  return evolve(state, decision.event)
}

test('the first receipt creates the stock, and later ones add to it', () => {
  expect(after(undefined, { type: 'receive', quantity: 3 })).toEqual({ onHand: 3, reservations: [] })
  expect(after(sevenOfTen, { type: 'receive', quantity: 5 })).toEqual({ ...sevenOfTen, onHand: 15 })
})

test('a reservation makes its quantity unavailable, and a release makes it available again', () => {
  const reserved = after(ten, { type: 'reserve', reservationId: 'a', quantity: 7 })
  expect(reserved).toEqual(sevenOfTen)
  expect(availableOf(reserved)).toBe(3)
  expect(after(reserved, { type: 'release', reservationId: 'a' })).toEqual(ten)
})

test('a shipment takes the reserved quantity out of the stock', () => {
  expect(after(sevenOfTen, { type: 'ship', reservationId: 'a' })).toEqual({ onHand: 3, reservations: [] })
})

test('a count sets the quantity on hand', () => {
  expect(after(sevenOfTen, { type: 'count', onHand: 8 })).toEqual({ ...sevenOfTen, onHand: 8 })
  expect(after(ten, { type: 'count', onHand: 0 })).toEqual({ onHand: 0, reservations: [] })
})

test('a command that asks for the current state changes nothing', () => {
  const unchanged = { type: 'unchanged' }
  expect(decide(sevenOfTen, { type: 'reserve', reservationId: 'a', quantity: 7 }, { id })).toEqual(unchanged)
  expect(decide(ten, { type: 'count', onHand: 10 }, { id })).toEqual(unchanged)
})

const full: Stock = {
  onHand: 2 * MAX_RESERVATIONS,
  reservations: Array.from({ length: MAX_RESERVATIONS }, (_, n) => ({ reservationId: `r${n}`, quantity: 1 })),
}

test.each<[string, Stock | undefined, StockCommand, string, string]>([
  [
    'reserve without a stock',
    undefined,
    { type: 'reserve', reservationId: 'a', quantity: 1 },
    'not_found',
    id,
  ],
  ['release without a stock', undefined, { type: 'release', reservationId: 'a' }, 'not_found', id],
  ['ship without a stock', undefined, { type: 'ship', reservationId: 'a' }, 'not_found', id],
  ['count without a stock', undefined, { type: 'count', onHand: 1 }, 'not_found', id],
  [
    'reserve more than is available',
    sevenOfTen,
    { type: 'reserve', reservationId: 'b', quantity: 4 },
    'insufficient_stock',
    'Only 3',
  ],
  [
    'count less than is reserved',
    sevenOfTen,
    { type: 'count', onHand: 6 },
    'insufficient_stock',
    '7 are reserved',
  ],
  [
    'reserve again with another quantity',
    sevenOfTen,
    { type: 'reserve', reservationId: 'a', quantity: 6 },
    'reservation_mismatch',
    'for 7',
  ],
  [
    'release what is not reserved',
    sevenOfTen,
    { type: 'release', reservationId: 'b' },
    'reservation_not_found',
    'b',
  ],
  ['ship what is not reserved', ten, { type: 'ship', reservationId: 'a' }, 'reservation_not_found', 'a'],
  [
    'one reservation too many',
    full,
    { type: 'reserve', reservationId: 'a', quantity: 1 },
    'too_many_reservations',
    '1000',
  ],
  [
    'receive more than a stock can have',
    { ...ten, onHand: MAX_ON_HAND },
    { type: 'receive', quantity: 1 },
    'too_much_stock',
    '1000000000000',
  ],
])('%s is refused, and the detail says why', (_, state, command, code, detail) => {
  const decision = decide(state, command, { id })
  expect(decision).toMatchObject({ type: 'refused', code })
  expect(decision).toHaveProperty('detail', expect.stringContaining(detail))
})
