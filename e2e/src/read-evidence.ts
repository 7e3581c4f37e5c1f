import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { errorHeaders, errorTopic, eventHeaders, groups, topics } from '@lockstep/contracts/topics.ts'
import { brokerView, type BrokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { headerText, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { readCache } from './read-cache.ts'
import type {
  EventStore,
  Evidence,
  Rejected,
  SourceRecord,
  StoredEvent,
  TopicRecord,
} from './history/evidence.ts'
import type { Product, ProductState } from './history/history.ts'
import type { Stack } from './stack.ts'

/** Which products the evidence is about: those known by id, and those that got a name by a command. */
export type Scope = {
  ids: ReadonlySet<string>
  marks: ReadonlySet<string>
  /** Nothing of these products is older, ms since the epoch. */
  since: number
}

/** Reads the event store first: what is in it by now must be everywhere else. */
export async function readEvidence(stack: Stack, scope: Scope): Promise<Omit<Evidence, 'recoveries'>> {
  const store = await readStore(stack, scope)
  const ids = new Set([...scope.ids, ...store.keys()])
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const records = await broker.recordsOf(topics.productEvents)
  const ours = records.filter(({ key }) => ids.has(key?.toString() ?? ''))
  const decoded = ours.map((record) => ({ record, event: eventIn(record) }))
  return {
    store,
    states: await readStates(stack, ids),
    topic: decoded.flatMap(({ event }): TopicRecord[] => (event ? [event] : [])),
    model: await readModel(stack, ids),
    cache: await readCache(stack, ids),
    rejected: await readRejected(
      broker,
      decoded.filter(({ event }) => !event).map(({ record }) => record),
      ids,
    ),
  }
}

/** Clocks of the services may be off by some minutes. */
const SKEW_MS = 600_000

export async function readStore({ postgres }: Stack, { ids, marks, since }: Scope): Promise<EventStore> {
  const { rows } = await postgres.query<{ payload: Buffer }>(
    `select payload from events where type = 'product' and occurred_at >= $1 order by id, version`,
    [new Date(since - SKEW_MS)],
  )
  const all = Map.groupBy(
    rows.map(({ payload }) => storedEvent(payload)),
    ({ id }) => id,
  )
  const ours = [...all].filter(([id, [first]]) => ids.has(id) || marks.has(first?.mark ?? ''))
  return new Map(ours)
}

function storedEvent(payload: Buffer): StoredEvent {
  const event = productEvents.decode(payload)
  const { productId: id, version, change } = event
  const state = stateAfter(event)
  const mark = state.deleted ? undefined : state.name
  return { id, version, payload, change: change?.$case ?? 'deleted', mark, state }
}

function stateAfter({ productId: id, version, change, createdAt, occurredAt }: ProductEvent): ProductState {
  const details =
    change?.$case === 'created'
      ? change.created.details
      : change?.$case === 'updated'
        ? change.updated.details
        : undefined
  if (!details) return { id, version, deleted: true }
  return productOf({ ...details, id, version, createdAt: createdAt!, updatedAt: occurredAt! })
}

type ProductFields = Omit<Product, 'deleted' | 'createdAt' | 'updatedAt'> & {
  createdAt: Date
  updatedAt: Date
}

function productOf({
  id,
  version,
  name,
  description,
  category,
  priceCents,
  ...times
}: ProductFields): Product {
  const createdAt = times.createdAt.toISOString()
  const updatedAt = times.updatedAt.toISOString()
  return { id, version, deleted: false, name, description, category, priceCents, createdAt, updatedAt }
}

async function readStates({ postgres }: Stack, ids: ReadonlySet<string>): Promise<ProductState[]> {
  const { rows } = await postgres.query<ProductFields & { deleted: boolean }>(
    `select id, version::int, name, description, category, price_cents::float8 as "priceCents",
       created_at as "createdAt", updated_at as "updatedAt", deleted_at is not null as deleted
     from products where id = any ($1::uuid[])`,
    [[...ids]],
  )
  return rows.map((row) =>
    row.deleted ? { id: row.id, version: row.version, deleted: true } : productOf(row),
  )
}

type Document = { _id: string; words: string[]; deleted: boolean } & ProductFields

export async function readModel({ mongo }: Stack, ids: ReadonlySet<string>): Promise<ProductState[]> {
  const documents = await mongo
    .collection<Document>('products')
    .find({ _id: { $in: [...ids] } })
    .toArray()
  return documents.map(({ _id: id, ...document }) =>
    document.deleted ? { id, version: document.version, deleted: true } : productOf({ ...document, id }),
  )
}

const eventTypes = new Set<string>(Object.values(productEvents.types))

/** Undefined for what is no event of the product that is its key: said here anew, as the reader's own may be wrong. */
function eventIn({ key, value, headers }: ReceivedRecord): TopicRecord | undefined {
  const type = headerText(headers, eventHeaders.type)
  if (value === null || (type !== undefined && !eventTypes.has(type))) return undefined
  try {
    const { productId: id, version, change } = productEvents.decode(value)
    return change && id === key?.toString() ? { id, version, payload: value } : undefined
  } catch {
    return undefined
  }
}

async function readRejected(
  broker: BrokerView,
  bad: readonly ReceivedRecord[],
  ids: ReadonlySet<string>,
): Promise<Rejected> {
  const given = await broker.recordsOf(errorTopic(groups.productProjection))
  const ours = given.filter(({ key }) => ids.has(key?.toString() ?? ''))
  return { bad: bad.map(sourceRecord), given: ours.map(givenRecord) }
}

function sourceRecord({ topic, partition, offset, value, headers }: ReceivedRecord): SourceRecord {
  return { topic, partition, offset, value: value ?? Buffer.alloc(0), headers: textHeaders(headers) }
}

function givenRecord({ value, headers }: ReceivedRecord): Rejected['given'][number] {
  const of = (name: keyof typeof errorHeaders) => headerText(headers, errorHeaders[name])
  const added = new Set<string>(Object.values(errorHeaders))
  const original = Object.entries(headers).filter(([name]) => !added.has(name))
  return {
    topic: of('topic') ?? '',
    partition: Number(of('partition')),
    offset: of('offset') ?? '',
    value: value ?? Buffer.alloc(0),
    headers: textHeaders(Object.fromEntries(original)),
    group: of('consumerGroup'),
  }
}

function textHeaders(headers: ReceivedRecord['headers']): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, headerText(headers, name) ?? '']))
}
