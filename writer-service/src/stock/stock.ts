import { accepted, refused, unchanged, type Decision } from '../runtime/decision.ts'

/**
 * The rules of a stock: how much of one product is on hand, and how much of it is reserved. The reserved quantity never
 * exceeds the quantity on hand. Pure: a decision depends on the state and the command alone.
 */

export type Reservation = { reservationId: string; quantity: number }

export type Stock = {
  onHand: number
  /** Open reservations, in the order in which they were made. */
  reservations: readonly Reservation[]
}

export type StockCommand =
  | { type: 'receive'; quantity: number }
  | { type: 'reserve'; reservationId: string; quantity: number }
  | { type: 'release'; reservationId: string }
  | { type: 'ship'; reservationId: string }
  | { type: 'count'; onHand: number }

export type StockEvent =
  | { type: 'received'; quantity: number }
  | { type: 'reserved'; reservationId: string; quantity: number }
  | { type: 'released'; reservationId: string; quantity: number }
  | { type: 'shipped'; reservationId: string; quantity: number }
  | { type: 'counted'; onHand: number }

export type StockRefusal =
  | 'insufficient_stock'
  | 'reservation_mismatch'
  | 'reservation_not_found'
  | 'too_many_reservations'
  | 'too_much_stock'

export const MAX_RESERVATIONS = 1_000

/** Keeps every sum of quantities exact: far below 2^53. */
export const MAX_ON_HAND = 1_000_000_000_000

export function reservedOf({ reservations }: Pick<Stock, 'reservations'>): number {
  return reservations.reduce((sum, { quantity }) => sum + quantity, 0)
}

export function availableOf(stock: Stock): number {
  return stock.onHand - reservedOf(stock)
}

/** Returns what the command changes, or why it is refused. Never throws. */
export function decide(
  state: Stock | undefined,
  command: StockCommand,
  { id }: { id: string },
): Decision<StockEvent, StockRefusal | 'not_found'> {
  if (command.type === 'receive') return receive(state ?? { onHand: 0, reservations: [] }, command)
  if (!state) return refused('not_found', `There is no stock ${id}`)
  switch (command.type) {
    case 'reserve':
      return reserve(state, command)
    case 'release':
      return closeReservation(state, command.reservationId, 'released')
    case 'ship':
      return closeReservation(state, command.reservationId, 'shipped')
    case 'count':
      return count(state, command)
  }
}

/** The state after the event. */
export function evolve(state: Stock | undefined, event: StockEvent): Stock {
  const { onHand, reservations } = state ?? { onHand: 0, reservations: [] }
  switch (event.type) {
    case 'received':
      return { onHand: onHand + event.quantity, reservations }
    case 'reserved': {
      const { reservationId, quantity } = event
      return { onHand, reservations: [...reservations, { reservationId, quantity }] }
    }
    case 'released':
      return { onHand, reservations: without(reservations, event.reservationId) }
    case 'shipped':
      return { onHand: onHand - event.quantity, reservations: without(reservations, event.reservationId) }
    case 'counted':
      return { onHand: event.onHand, reservations }
  }
}

type StockDecision = Decision<StockEvent, StockRefusal>

function receive(state: Stock, { quantity }: { quantity: number }): StockDecision {
  if (state.onHand + quantity > MAX_ON_HAND) {
    return refused('too_much_stock', `At most ${MAX_ON_HAND} can be on hand; ${state.onHand} are`)
  }
  return accepted({ type: 'received', quantity })
}

function reserve(state: Stock, { reservationId, quantity }: Reservation): StockDecision {
  const open = openReservation(state, reservationId)
  if (open?.quantity === quantity) return unchanged
  if (open) {
    const detail = `Reservation ${reservationId} is for ${open.quantity}; release it first, or choose another id`
    return refused('reservation_mismatch', detail)
  }
  if (quantity > availableOf(state)) return insufficient(`Only ${availableOf(state)} are available`)
  if (state.reservations.length >= MAX_RESERVATIONS) {
    const detail = `${MAX_RESERVATIONS} reservations are open; release or ship one first`
    return refused('too_many_reservations', detail)
  }
  return accepted({ type: 'reserved', reservationId, quantity })
}

function closeReservation(state: Stock, reservationId: string, type: 'released' | 'shipped'): StockDecision {
  const open = openReservation(state, reservationId)
  if (!open) return refused('reservation_not_found', `There is no open reservation ${reservationId}`)
  return accepted({ type, ...open })
}

function count(state: Stock, { onHand }: { onHand: number }): StockDecision {
  const reserved = reservedOf(state)
  if (onHand < reserved) return insufficient(`${reserved} are reserved; release reservations first`)
  if (onHand === state.onHand) return unchanged
  return accepted({ type: 'counted', onHand })
}

const insufficient = (detail: string) => refused('insufficient_stock', detail)

function openReservation({ reservations }: Stock, id: string): Reservation | undefined {
  return reservations.find(({ reservationId }) => reservationId === id)
}

function without(reservations: readonly Reservation[], id: string): Reservation[] {
  return reservations.filter(({ reservationId }) => reservationId !== id)
}
