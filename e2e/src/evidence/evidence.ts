import type { State } from './history.ts'

/** What the system stores about the aggregates of one type that a history names, read after the faults were healed. */
export type Evidence = {
  events: EventStore
  /** The newest states of all other aggregates of the type, which nothing changed during the history. */
  others: readonly State[]
  /** The states on which the writer decides. */
  states: readonly State[]
  topic: readonly TopicRecord[]
  readModel: readonly State[]
  cache: readonly State[]
  /** For each consumer group of the topic. */
  rejected: readonly Rejected[]
}

/** The events of each aggregate in the order of their versions. */
export type EventStore = ReadonlyMap<string, readonly StoredEvent[]>

export type StoredEvent = {
  id: string
  version: number
  payload: Buffer
  /** The type of the command that causes such an event. */
  command: string
  effect: 'created' | 'changed' | 'deleted'
  /** Identifies the command; undefined when the event does not carry it. */
  mark: string | undefined
  /** RFC 3339 with milliseconds. */
  occurredAt: string
  /** Of the command, as the event carries it. */
  requestId: string | undefined
  /** The state after the event. Events carry the whole state, so the last one is their fold. */
  state: State
}

/** In the order of offsets within each partition; the records of an aggregate are all in one. */
export type TopicRecord = { id: string; version: number; payload: Buffer }

/** Records that can never be handled, as they were put into a topic, and the content of a group's error topic. */
export type Rejected = {
  group: string
  bad: readonly SourceRecord[]
  deadLetters: readonly (SourceRecord & { group: string | undefined })[]
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
  /** When every process was ready again, ms since the epoch. */
  healedAt: number
  /** When the reader showed the command; undefined when it did not within the time of the test. */
  readableAt: number | undefined
}
