import { randomUUID } from 'node:crypto'
import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { grpcOutcome, grpcRead, httpOutcome, httpRead, limits } from '../clients/results.ts'
import type { StoredEvent } from '../evidence/evidence.ts'
import type { Command, Outcome, Query, ReadResult, State } from '../evidence/history.ts'
import type { Reader, Writer } from '../system/services.ts'
import type { Subject } from './subject.ts'

const path = '/api/v1/products'

const categories = ['cups', 'jars', 'teapots', 'trays']

/** All follow from the mark: most commands move the product to another category, and change its price. */
function detailsOf(mark: string) {
  return {
    name: mark,
    category: categories[Number.parseInt(mark.slice(0, 2), 16) % categories.length]!,
    priceCents: Number.parseInt(mark.slice(2, 8), 16) % 10_000,
  }
}

/** The command is recognised in its event by the product's name. */
export function productCommand(
  type: 'create' | 'update' | 'delete',
  id?: string,
): Command & { type: typeof type } {
  return { subject: 'product', type, mark: randomUUID(), ...(id !== undefined && { id }) }
}

export const product: Subject = {
  type: 'product',
  topic: eventsTopic('product'),
  group: projectionGroup('product'),
  eventTypes: Object.values(productEvents.types),
  create: (id) => productCommand('create', id),
  next: (id, random) => productCommand(random() < 0.1 ? 'delete' : 'update', id),
  deletes: (type) => type === 'delete',
  brokenRule: ({ priceCents }) =>
    Number.isInteger(priceCents) && Number(priceCents) >= 0
      ? undefined
      : `the price is ${String(priceCents)}`,
  brokenStep: (before) => (before.deleted ? 'the product was deleted before' : undefined),
  send: (writer, protocol, command) => (protocol === 'http' ? sendHttp : sendGrpc)(writer, command),
  query: (reader, protocol, query) => (protocol === 'http' ? queryHttp : queryGrpc)(reader, query),
  decode: (payload) => storedEvent(payload, productEvents.decode(payload)),
  readModel: {
    collection: 'product',
    stateOf: ({ _id, words: _, ...document }) =>
      document.deleted
        ? { id: _id as string, version: document.version as number, deleted: true }
        : live({ ...document, id: _id } as unknown as Details),
  },
  totals: {
    readModel: 'category-totals',
    path: '/api/v1/categories/totals',
    groupName: 'category',
    idName: 'productId',
    shareOf: ({ deleted, category, priceCents }) =>
      deleted ? undefined : { group: String(category), value: Number(priceCents) },
  },
  changes: { readModel: 'product-history', path: (id) => `${path}/${id}/history` },
}

function sendHttp({ http }: Writer, { type, id, mark, idempotencyKey }: Command): Promise<Outcome> {
  const headers = { ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) }
  const options = { timeoutMs: limits.commandMs, headers }
  if (type === 'create')
    return httpOutcome(http.send('POST', path, { json: { id, ...detailsOf(mark) }, ...options }))
  if (type === 'update')
    return httpOutcome(http.send('PATCH', `${path}/${id}`, { json: detailsOf(mark), ...options }))
  return httpOutcome(http.send('DELETE', `${path}/${id}`, options))
}

function sendGrpc({ grpc }: Writer, { type, id, mark, idempotencyKey }: Command): Promise<Outcome> {
  const limit = { timeoutMs: limits.commandMs }
  const target = { id: id ?? '', idempotencyKey }
  if (type === 'create')
    return grpcOutcome(grpc.createProduct({ id, idempotencyKey, product: detailsOf(mark) }, limit))
  if (type === 'update')
    return grpcOutcome(
      grpc.updateProduct(
        { ...target, product: detailsOf(mark), updateMask: ['name', 'category', 'price_cents'] },
        limit,
      ),
    )
  return grpcOutcome(grpc.deleteProduct(target, limit))
}

function queryHttp({ http }: Reader, { id, minVersion }: Query): Promise<ReadResult> {
  const parameters = minVersion === undefined ? '' : `?minVersion=${minVersion}`
  return httpRead(http.send('GET', `${path}/${id}${parameters}`, { timeoutMs: limits.queryMs }))
}

function queryGrpc({ grpc }: Reader, { id, minVersion }: Query): Promise<ReadResult> {
  const found = grpc.getProduct(
    { id, ...(minVersion !== undefined && { minVersion }) },
    { timeoutMs: limits.queryMs },
  )
  return grpcRead(found, ({ product: state }) => state && live(state as Details))
}

type Details = {
  id: string
  version: number
  name: string
  description: string
  category: string
  priceCents: number
  createdAt: Date
  updatedAt: Date
}

function live({ id, version, name, description, category, priceCents, ...times }: Details): State {
  const createdAt = times.createdAt.toISOString()
  const updatedAt = times.updatedAt.toISOString()
  return { id, version, deleted: false, name, description, category, priceCents, createdAt, updatedAt }
}

const kinds = {
  created: { command: 'create', effect: 'created' },
  updated: { command: 'update', effect: 'changed' },
  deleted: { command: 'delete', effect: 'deleted' },
} as const

function storedEvent(payload: Buffer, event: ProductEvent): StoredEvent {
  const { productId: id, version, change, createdAt, occurredAt, requestId } = event
  if (!change) throw new Error(`The event of version ${version} of ${id} has no change.`)
  const details =
    change.$case === 'created'
      ? change.created.details
      : change.$case === 'updated'
        ? change.updated.details
        : undefined
  const state: State = details
    ? live({ ...details, id, version, createdAt: createdAt!, updatedAt: occurredAt! })
    : { id, version, deleted: true }
  const common = { id, version, payload, occurredAt: occurredAt!.toISOString(), requestId, state }
  return { ...common, ...kinds[change.$case], mark: details?.name }
}
