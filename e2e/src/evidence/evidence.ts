import type { ProductState } from './history.ts'

/** What the system keeps of the products of a history, read once it had time to settle. */
export type Evidence = {
  store: EventStore
  /** The table `products` of the writer. */
  states: readonly ProductState[]
  topic: readonly TopicRecord[]
  model: readonly ProductState[]
  cache: readonly ProductState[]
  rejected: Rejected
  recoveries: readonly Recovery[]
}

/** The events of each product in the order of their versions. */
export type EventStore = ReadonlyMap<string, readonly StoredEvent[]>

export type StoredEvent = {
  id: string
  version: number
  payload: Buffer
  change: 'created' | 'updated' | 'deleted'
  /** The name after the event, by which its command is known; undefined for a deletion. */
  mark: string | undefined
  /** What the event makes of the product. Events carry the whole state, so the last one is their fold. */
  state: ProductState
}

/** In the order of offsets within each partition; a product's records are all in one. */
export type TopicRecord = { id: string; version: number; payload: Buffer }

/** Records that can never be handled, as they were put into a topic, and what the error topic holds. */
export type Rejected = {
  bad: readonly SourceRecord[]
  given: readonly (SourceRecord & { group: string | undefined })[]
}

export type SourceRecord = {
  topic: string
  partition: number
  offset: string
  value: Buffer
  headers: Readonly<Record<string, string>>
}

/** A command through one writer, sent after the fault was healed and read through one reader. */
export type Recovery = {
  writer: string
  reader: string
  /** When the part that had failed answered a probe, ms since the epoch. */
  healedAt: number
  /** When the reader showed the command; undefined when it did not within the time of the test. */
  readableAt: number | undefined
}
