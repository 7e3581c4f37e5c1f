import { randomUUID } from 'node:crypto'
import type { StockEvent } from '@lockstep/contracts/gen/lockstep/stock/v1/events.ts'
import { stockEvents } from '@lockstep/contracts/stock-events.ts'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { grpcOutcome, grpcRead, httpOutcome, httpRead, limits } from '../clients/results.ts'
import type { StoredEvent } from '../evidence/evidence.ts'
import type { Command, Outcome, Query, ReadResult, State } from '../evidence/history.ts'
import { pick, type Random } from '../runner/random.ts'
import type { Reader, Writer } from '../system/services.ts'
import type { Subject } from './subject.ts'

const path = (id: string, rest = '') => `/api/v1/stock/${id}${rest}`

type Input = { quantity?: number; reservationId?: string; onHand?: number }

/** The latest reservations of each stock that clients requested: what they release and ship. */
const reservations = new Map<string, string[]>()
const REMEMBERED = 20

/** Quantities are small, so that reservations often exceed what is available. */
const quantity = (random: Random) => 1 + Math.floor(random() * 5)

function receive(id: string, amount: number): Command {
  return { subject: 'stock', type: 'receive', id, mark: randomUUID(), input: { quantity: amount } }
}

/** Its mark is the id of the reservation, which its event carries. */
function reserve(id: string, amount: number): Command {
  const mark = randomUUID()
  reservations.set(id, [...(reservations.get(id) ?? []), mark].slice(-REMEMBERED))
  return { subject: 'stock', type: 'reserve', id, mark, input: { reservationId: mark, quantity: amount } }
}

function nextCommand(id: string, random: Random): Command {
  const known = reservations.get(id) ?? []
  const choice = random()
  if (choice < 0.25) return receive(id, quantity(random))
  if (choice < 0.65 || known.length === 0) return reserve(id, quantity(random))
  const command = { subject: 'stock', id, mark: randomUUID() }
  if (choice < 0.95) {
    const type = choice < 0.8 ? 'release' : 'ship'
    return { ...command, type, input: { reservationId: pick(random, known) } }
  }
  const onHand = 10 + Math.floor(random() * 20)
  return { ...command, type: 'count', input: { onHand }, unchangedIf: { onHand } }
}

export const stock: Subject = {
  type: 'stock',
  topic: eventsTopic('stock'),
  group: projectionGroup('stock'),
  eventTypes: Object.values(stockEvents.types),
  // A caller chooses the id: it is the id of a product.
  create: (id = randomUUID()) => receive(id, 10),
  next: nextCommand,
  deletes: () => false,
  brokenRule: (state) => {
    const [onHand, reserved, available] = [state.onHand, state.reserved, state.available].map(Number)
    const quantities = `${onHand} on hand, ${reserved} reserved, ${available} available`
    const valid = [onHand, reserved, available].every((each) => Number.isInteger(each) && Number(each) >= 0)
    return valid && available === onHand! - reserved! ? undefined : `the quantities are wrong: ${quantities}`
  },
  brokenStep(before, { command, state }) {
    const onHand = Number(state.onHand) - Number(before.onHand)
    const reserved = Number(state.reserved) - Number(before.reserved)
    const possible = steps[command]?.(onHand, reserved) ?? false
    return possible ? undefined : `${command} changed ${onHand} on hand and ${reserved} reserved`
  },
  send: (writer, protocol, command) => (protocol === 'http' ? sendHttp : sendGrpc)(writer, command),
  query: (reader, protocol, query) => (protocol === 'http' ? queryHttp : queryGrpc)(reader, query),
  decode: (payload) => storedEvent(payload, stockEvents.decode(payload)),
  readModel: {
    collection: 'stock',
    stateOf: ({ _id, ...document }) => live({ ...document, id: _id } as unknown as Fields),
  },
  totals: {
    readModel: 'stock-totals',
    path: '/api/v1/stock-levels/totals',
    groupName: 'level',
    idName: 'stockId',
    shareOf(state) {
      const available = Number(state.available)
      return { group: available === 0 ? 'sold-out' : available < 10 ? 'low' : 'plenty', value: available }
    },
  },
}

/** What each command may change on hand and reserved. */
const steps: Record<string, (onHand: number, reserved: number) => boolean> = {
  receive: (onHand, reserved) => onHand > 0 && reserved === 0,
  reserve: (onHand, reserved) => onHand === 0 && reserved > 0,
  release: (onHand, reserved) => onHand === 0 && reserved < 0,
  ship: (onHand, reserved) => onHand < 0 && reserved === onHand,
  count: (onHand, reserved) => onHand !== 0 && reserved === 0,
}

function sendHttp(
  { http }: Writer,
  { type, id = '', idempotencyKey, input = {} }: Command,
): Promise<Outcome> {
  const headers = { ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) }
  const options = { timeoutMs: limits.commandMs, headers }
  const { reservationId } = input as Input
  const requests: Record<string, () => ReturnType<typeof http.send>> = {
    receive: () => http.send('POST', path(id, '/receipts'), { json: input, ...options }),
    reserve: () => http.send('POST', path(id, '/reservations'), { json: input, ...options }),
    release: () => http.send('DELETE', path(id, `/reservations/${reservationId}`), options),
    ship: () => http.send('POST', path(id, `/reservations/${reservationId}/shipment`), options),
    count: () => http.send('PUT', path(id, '/count'), { json: input, ...options }),
  }
  return httpOutcome(requests[type]!())
}

function sendGrpc(
  { grpc }: Writer,
  { type, id = '', idempotencyKey, input = {} }: Command,
): Promise<Outcome> {
  const limit = { timeoutMs: limits.commandMs }
  const request = { id, idempotencyKey, ...(input as Input) }
  const calls: Record<string, () => Promise<{ id: string; version: number }>> = {
    receive: () => grpc.receiveStock(request, limit),
    reserve: () => grpc.reserveStock(request, limit),
    release: () => grpc.releaseReservation(request, limit),
    ship: () => grpc.shipReservation(request, limit),
    count: () => grpc.countStock(request, limit),
  }
  return grpcOutcome(calls[type]!())
}

function queryHttp({ http }: Reader, { id, minVersion }: Query): Promise<ReadResult> {
  const parameters = minVersion === undefined ? '' : `?minVersion=${minVersion}`
  return httpRead(http.send('GET', path(id, parameters), { timeoutMs: limits.queryMs }))
}

function queryGrpc({ grpc }: Reader, { id, minVersion }: Query): Promise<ReadResult> {
  const found = grpc.getStock(
    { id, ...(minVersion !== undefined && { minVersion }) },
    { timeoutMs: limits.queryMs },
  )
  return grpcRead(found, ({ stock: state }) => state && live(state as Fields))
}

type Fields = {
  id: string
  version: number
  onHand: number
  reserved: number
  available: number
  updatedAt: Date
}

function live({ id, version, onHand, reserved, available, updatedAt }: Fields): State {
  return { id, version, deleted: false, onHand, reserved, available, updatedAt: updatedAt.toISOString() }
}

const commandOf = {
  received: 'receive',
  reserved: 'reserve',
  released: 'release',
  shipped: 'ship',
  counted: 'count',
} as const

function storedEvent(
  payload: Buffer,
  { stockId: id, version, change, level, occurredAt, requestId }: StockEvent,
): StoredEvent {
  if (!change || !level) throw new Error(`The event of version ${version} of ${id} is not complete.`)
  const { onHand } = level
  const reserved = level.reservations.reduce((sum, each) => sum + each.quantity, 0)
  return {
    id,
    version,
    payload,
    command: commandOf[change.$case],
    effect: version === 1 ? 'created' : 'changed',
    occurredAt: occurredAt!.toISOString(),
    requestId,
    mark: change.$case === 'reserved' ? change.reserved.reservationId : undefined,
    state: live({ id, version, onHand, reserved, available: onHand - reserved, updatedAt: occurredAt! }),
  }
}
