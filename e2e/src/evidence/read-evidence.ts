import { errorHeaders, errorTopic, eventHeaders } from '@lockstep/contracts/topics.ts'
import { headerText, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { brokerView, type BrokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { groupsOf, type Subject } from '../subjects/subject.ts'
import { eventPayloads, newestPayloads, statesOf } from '../system/postgres.ts'
import type { Stack } from '../system/stack.ts'
import type { EventStore, Evidence, Rejected, SourceRecord, TopicRecord } from './evidence.ts'
import type { State } from './history.ts'
import { readCache } from './read-cache.ts'

/** Which aggregates the evidence covers: those known by id, and those whose first event carries one of the marks. */
export type Scope = {
  ids: ReadonlySet<string>
  marks: ReadonlySet<string>
  /** No event of these aggregates is older, ms since the epoch. */
  since: number
}

/** Reads the event store first: everything in it by now must be everywhere else. */
export async function readEvidence(stack: Stack, subject: Subject, scope: Scope): Promise<Evidence> {
  const events = await readEvents(stack, subject, scope)
  const ids = new Set([...scope.ids, ...events.keys()])
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const records = await broker.recordsOf(subject.topic)
  const ours = records.filter(({ key }) => ids.has(key?.toString() ?? ''))
  const decoded = ours.map((record) => ({ record, event: eventIn(subject, record) }))
  const bad = decoded.filter(({ event }) => !event).map(({ record }) => record)
  const newest = (await newestPayloads(stack.postgres, subject.type)).map(subject.decode)
  return {
    events,
    others: newest.filter(({ id }) => !events.has(id)).map(({ state }) => state),
    states: await statesOf(stack.postgres, subject.type, ids),
    topic: decoded.flatMap(({ event }): TopicRecord[] => (event ? [event] : [])),
    readModel: await readModelStates(stack, subject, ids),
    cache: await readCache(stack, subject, ids),
    rejected: await Promise.all(groupsOf(subject).map((group) => readRejected(broker, group, bad, ids))),
  }
}

/** Clocks of the services may differ by some minutes. */
const SKEW_MS = 600_000

export async function readEvents(
  { postgres }: Pick<Stack, 'postgres'>,
  { type, decode }: Subject,
  { ids, marks, since }: Scope,
): Promise<EventStore> {
  const payloads = await eventPayloads(postgres, type, new Date(since - SKEW_MS))
  const all = Map.groupBy(payloads.map(decode), ({ id }) => id)
  return new Map([...all].filter(([id, [first]]) => ids.has(id) || marks.has(first?.mark ?? '')))
}

export async function readModelStates(
  { mongo }: Stack,
  { readModel: { collection, stateOf } }: Subject,
  ids: ReadonlySet<string>,
): Promise<State[]> {
  const documents = await mongo
    .collection<{ _id: string }>(collection)
    .find({ _id: { $in: [...ids] } })
    .toArray()
  return documents.map(stateOf)
}

/**
 * Undefined for a record that is not an event of the aggregate that its key names. Decided here independently, because
 * the reader's own code may be wrong.
 */
function eventIn(
  { eventTypes, decode }: Subject,
  { key, value, headers }: ReceivedRecord,
): TopicRecord | undefined {
  const type = headerText(headers, eventHeaders.type)
  if (value === null || (type !== undefined && !eventTypes.includes(type))) return undefined
  try {
    const { id, version } = decode(value)
    return id === key?.toString() ? { id, version, payload: value } : undefined
  } catch {
    return undefined
  }
}

async function readRejected(
  broker: BrokerView,
  group: string,
  bad: readonly ReceivedRecord[],
  ids: ReadonlySet<string>,
): Promise<Rejected> {
  const deadLetters = await broker.recordsOf(errorTopic(group))
  const ours = deadLetters.filter(({ key }) => ids.has(key?.toString() ?? ''))
  return { group, bad: bad.map(sourceRecord), deadLetters: ours.map(deadLetter) }
}

function sourceRecord({ topic, partition, offset, value, headers }: ReceivedRecord): SourceRecord {
  return { topic, partition, offset, value: value ?? Buffer.alloc(0), headers: textHeaders(headers) }
}

function deadLetter({ value, headers }: ReceivedRecord): Rejected['deadLetters'][number] {
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
