/**
 * The commands of stock over both protocols, and the form of their events. A stock has the id of its product, which need
 * not exist.
 */

import { StockCommandsService } from '@lockstep/contracts/gen/lockstep/stock/v1/stock_commands.ts'
import type { StockEvent as StockEventMessage } from '@lockstep/contracts/gen/lockstep/stock/v1/events.ts'
import { stockEvents } from '@lockstep/contracts/stock-events.ts'
import { z } from 'zod'
import { command, defineAggregate, del, post, put, type EventEnvelope } from '../runtime/aggregate.ts'
import { wholeNumber } from '../runtime/input.ts'
import {
  decide,
  evolve,
  MAX_ON_HAND,
  MAX_RESERVATIONS,
  type Stock,
  type StockCommand,
  type StockEvent,
} from './stock.ts'

const quantity = (example: number) => wholeNumber(1, 1_000_000_000).meta({ example })

const reservationId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must have 1-64 characters of A-Z, a-z, 0-9, ".", "_" and "-"' })
  .meta({ example: 'order-4711', description: 'Chosen by the caller, for example the number of an order' })

export const stockAggregate = defineAggregate({
  type: 'stock',
  collection: 'stock',
  decide,
  evolve,
  events: { contract: stockEvents, toMessage, stateOf },
  refusals: {
    insufficient_stock: {
      kind: 'precondition',
      title: 'Not enough stock is available',
      advice:
        'The detail has the quantity. Reserve less, release reservations, receive more, or correct the count.',
    },
    reservation_mismatch: {
      kind: 'conflict',
      title: 'The reservation has another quantity',
      advice: 'Release the reservation first, or choose another id.',
    },
    reservation_not_found: {
      kind: 'not_found',
      title: 'The reservation is not open',
      advice: 'It was released or shipped before, or never made.',
    },
    too_many_reservations: {
      kind: 'precondition',
      title: 'Too many reservations are open',
      advice: `At most ${MAX_RESERVATIONS} can be open for one stock: release or ship one first.`,
    },
    too_much_stock: {
      kind: 'precondition',
      title: 'More would be on hand than a stock can have',
      advice: `At most ${MAX_ON_HAND} can be on hand.`,
    },
  },
  service: StockCommandsService,
  commands: {
    receive: command({
      input: z.strictObject({ quantity: quantity(100) }),
      toCommand: (input): StockCommand => ({ type: 'receive', ...input }),
      http: post('/{id}/receipts'),
      grpc: 'ReceiveStock',
      summary: 'Add to the quantity on hand; the first receipt creates the stock',
      success: 'Received',
      refusals: ['too_much_stock'],
    }),
    reserve: command({
      input: z.strictObject({ reservationId, quantity: quantity(2) }),
      toCommand: (input): StockCommand => ({ type: 'reserve', ...input }),
      http: post('/{id}/reservations'),
      grpc: 'ReserveStock',
      summary:
        'Reserve an available quantity. Repeating it while the reservation is open changes nothing; use an idempotency key for later repeats.',
      success: 'Reserved, or reserved before with the same quantity: then the version does not change',
      refusals: ['not_found', 'insufficient_stock', 'reservation_mismatch', 'too_many_reservations'],
    }),
    release: command({
      input: z.strictObject({ reservationId }),
      toCommand: (input): StockCommand => ({ type: 'release', ...input }),
      http: del('/{id}/reservations/{reservationId}'),
      grpc: 'ReleaseReservation',
      summary: 'Release a reservation: its quantity is available again',
      success: 'Released',
      refusals: ['not_found', 'reservation_not_found'],
    }),
    ship: command({
      input: z.strictObject({ reservationId }),
      toCommand: (input): StockCommand => ({ type: 'ship', ...input }),
      http: post('/{id}/reservations/{reservationId}/shipment'),
      grpc: 'ShipReservation',
      summary: 'Ship a reservation: its quantity leaves the stock',
      success: 'Shipped',
      refusals: ['not_found', 'reservation_not_found'],
    }),
    count: command({
      input: z.strictObject({ onHand: wholeNumber(0, MAX_ON_HAND).meta({ example: 98 }) }),
      toCommand: (input): StockCommand => ({ type: 'count', ...input }),
      http: put('/{id}/count'),
      grpc: 'CountStock',
      summary: 'Set the quantity on hand to what was counted',
      success: 'Counted, or already that quantity: then the version does not change',
      refusals: ['not_found', 'insufficient_stock'],
    }),
  },
  view: {
    columns: {
      on_hand: "(state ->> 'onHand')::bigint",
      reserved: `(
        select coalesce(sum((reservation ->> 'quantity')::bigint), 0)::bigint
        from jsonb_array_elements(state -> 'reservations') as reservation
      )`,
    },
  },
})

function toMessage(
  event: StockEvent,
  { onHand, reservations }: Stock,
  envelope: EventEnvelope,
): StockEventMessage {
  const { id: stockId, ...rest } = envelope
  const level = { onHand, reservations: [...reservations] }
  return { ...rest, stockId, level, change: changeOf(event) }
}

function changeOf(event: StockEvent): StockEventMessage['change'] {
  switch (event.type) {
    case 'received':
      return { $case: 'received', received: { quantity: event.quantity } }
    case 'reserved':
      return { $case: 'reserved', reserved: event }
    case 'released':
      return { $case: 'released', released: event }
    case 'shipped':
      return { $case: 'shipped', shipped: event }
    case 'counted':
      return { $case: 'counted', counted: { onHand: event.onHand } }
  }
}

function stateOf({ level }: StockEventMessage): Partial<Stock> {
  if (level === undefined) throw new RangeError('a stock event has no level')
  return level
}
