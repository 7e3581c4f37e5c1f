import type { ErrorClass } from '@lockstep/contracts/topics.ts'
import type { ReceivedRecord } from '../client/record.ts'

/*
 * The types along the path of one batch, which is the records that one fetch returned for one partition:
 * kafkajs -> eachBatch (deliver-batches.ts) -> HandleBatch (handle-batch.ts) -> Handle (the use case).
 */

export type TopicPartition = { topic: string; partition: number }

/** For maps. */
export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** What a record means, or why it can never be handled. */
export type Decoded<T> = { ok: true; value: T } | PermanentFailure

export type PermanentFailure = { ok: false; errorClass: ErrorClass; message: string }

/** Pure. If it throws, the record counts as `undecodable`. */
export type Decode<T> = (record: ReceivedRecord) => Decoded<T>

export type Message<T> = { readonly value: T; readonly record: ReceivedRecord }

export type BatchContext = TopicPartition & {
  /** Starts at 1 and increases while the same batch fails. */
  attempt: number
}

/**
 * Applies every message, in order, or throws. Every error is transient: the same messages are redelivered, including
 * those that were already applied.
 */
export type Handle<T> = (messages: readonly Message<T>[], context: BatchContext) => Promise<void>

/** `retry`: the batch failed. `flood`: the partition produced too many dead letters. */
export type PauseReason = 'retry' | 'flood'

export type BatchResult = {
  /** How many records of the batch, from the first, are finished; their offsets may be committed. */
  finished: number
  /** The partition is not fetched for so long. The records that are not finished are then redelivered. */
  pause?: { reason: PauseReason; ms: number }
}

/** Never rejects: a failure is in the result, the log and the metrics. */
export type HandleBatch = (from: TopicPartition, records: readonly ReceivedRecord[]) => Promise<BatchResult>
