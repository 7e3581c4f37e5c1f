import { backoff } from '../../async/backoff.ts'
import { deadLetterRecord } from '../dead-letters/dead-letter.ts'
import { sendInParts, type Producer } from '../producer/producer.ts'
import { partitionKey, type BatchResult, type HandleBatch, type TopicPartition } from './batch.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerOptions, ConsumerTuning } from './consumer-options.ts'
import { deadLetterBudget, type DeadLetterBudget } from './dead-letter-budget.ts'
import { decodeBatch, type Rejected } from './decode-batch.ts'

export type BatchParts<T> = Pick<
  ConsumerOptions<T>,
  'group' | 'deadLetterGroup' | 'decode' | 'handle' | 'log'
> & {
  tuning: ConsumerTuning
  metrics: ConsumerMetrics
  /** Sends to the error topic. */
  producer: Producer
}

/** What is kept about a partition for as long as the process lives. */
type PartitionState = { failedAttempts: number; budget: DeadLetterBudget }

/**
 * Decodes a batch, applies its messages and sends its bad records to the error topic, in this order: if the dead
 * letters went first, an outage of the use case's dependency would add a copy of each with every attempt.
 */
export function batchHandling<T>(parts: BatchParts<T>): HandleBatch {
  const { group, decode, handle, log, tuning, metrics } = parts
  const partitions = new Map<string, PartitionState>()

  return async (from, records) => {
    const state = partitionState(partitions, from, tuning.permanentFailuresPerMinute)
    const { topic } = from
    const observe = metrics.batchDuration.startTimer({ group, topic })
    try {
      const { messages, rejected, end } = decodeBatch(records, decode, state.budget.left(Date.now()))
      if (messages.length > 0) await handle(messages, { ...from, attempt: state.failedAttempts + 1 })
      if (rejected.length > 0) await sendDeadLetters(parts, topic, rejected)
      state.budget.spend(rejected.length, Date.now())
      state.failedAttempts = 0
      metrics.records.inc({ group, topic, outcome: 'handled' }, messages.length)
      if (end === records.length) return { finished: end }
      const ms = Math.max(1, state.budget.untilNext(Date.now()))
      log.error({ group, ...from, ms }, 'too many dead letters: partition paused')
      return { finished: end, pause: { reason: 'flood', ms } }
    } catch (error) {
      state.failedAttempts++
      return retryLater(parts, from, state.failedAttempts, error)
    } finally {
      observe()
    }
  }
}

function retryLater<T>(
  { group, log, tuning, metrics }: BatchParts<T>,
  from: TopicPartition,
  attempt: number,
  error: unknown,
): BatchResult {
  const ms = backoff(attempt, tuning.maxBackoffMs)
  metrics.transientRetries.inc({ group, topic: from.topic })
  log.warn({ err: error, group, ...from, attempt, ms }, 'batch failed and will be retried')
  return { finished: 0, pause: { reason: 'retry', ms } }
}

/** Resolves when the error topic has acknowledged all of them. */
async function sendDeadLetters<T>(
  { group, deadLetterGroup = group, producer, metrics, log }: BatchParts<T>,
  topic: string,
  rejected: readonly Rejected[],
): Promise<void> {
  const now = new Date()
  await sendInParts(
    producer,
    rejected.map(({ record, failure }) => deadLetterRecord(record, failure, deadLetterGroup, now)),
  )
  for (const { record, failure } of rejected) {
    const { partition, offset } = record
    const { errorClass, message } = failure
    metrics.permanentFailures.inc({ group, topic, class: errorClass })
    log.warn({ group, topic, partition, offset, errorClass, message }, 'record sent to the error topic')
  }
  metrics.records.inc({ group, topic, outcome: 'dead_letter' }, rejected.length)
}

function partitionState(
  partitions: Map<string, PartitionState>,
  from: TopicPartition,
  deadLettersPerMinute: number,
): PartitionState {
  const key = partitionKey(from)
  const state = partitions.get(key) ?? { failedAttempts: 0, budget: deadLetterBudget(deadLettersPerMinute) }
  partitions.set(key, state)
  return state
}
