import { backoff } from '../../async/backoff.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerOptions, ConsumerTuning } from './consumer-options.ts'
import { errorRecord } from '../dead-letters/error-record.ts'
import { failureBudget, type FailureBudget } from './failure-budget.ts'
import type { PauseReason } from './partition-pauses.ts'
import { processBatch, type Failed } from './process-batch.ts'
import { sendInParts, type Producer } from '../producer/producer.ts'
import type { ReceivedRecord } from '../client/record.ts'

export type WorkResult = {
  /** How many records of the batch, from the first, are done with; their offsets may be committed. */
  finished: number
  pause?: { reason: PauseReason; ms: number }
}

/** Handles a batch of one partition. Throws nothing: what went wrong is in the result, the log and the metrics. */
export type PartitionWork = (
  topic: string,
  partition: number,
  records: readonly ReceivedRecord[],
) => Promise<WorkResult>

/** Remembers attempts and failures of each partition for as long as the process lives. */
export function partitionWork<T>(
  {
    group,
    errorsOf = group,
    decode,
    handle,
    log,
  }: Pick<ConsumerOptions<T>, 'group' | 'errorsOf' | 'decode' | 'handle' | 'log'>,
  tuning: ConsumerTuning,
  metrics: ConsumerMetrics,
  errors: Producer,
): PartitionWork {
  const states = new Map<string, { failedAttempts: number; budget: FailureBudget }>()

  const giveUp = async (topic: string, failed: readonly Failed[]) => {
    const now = new Date()
    await sendInParts(
      errors,
      failed.map(({ record, failure }) => errorRecord(record, failure, errorsOf, now)),
    )
    for (const { record, failure } of failed) {
      metrics.permanentFailures.inc({ group, topic, class: failure.errorClass })
      const { partition, offset } = record
      log.warn({ group, topic, partition, offset, ...failure }, 'record given up to the error topic')
    }
    metrics.records.inc({ group, topic, outcome: 'given_up' }, failed.length)
  }

  return async (topic, partition, records) => {
    const key = `${topic}/${partition}`
    const state = states.get(key) ?? {
      failedAttempts: 0,
      budget: failureBudget(tuning.permanentFailuresPerMinute),
    }
    states.set(key, state)
    const observe = metrics.batchDuration.startTimer({ group, topic })
    let givenUp = 0
    try {
      const finished = await processBatch(
        records,
        {
          decode,
          handle,
          budget: state.budget,
          now: Date.now,
          async giveUp(failed) {
            await giveUp(topic, failed)
            givenUp = failed.length
          },
        },
        { topic, partition, attempt: state.failedAttempts + 1 },
      )
      state.failedAttempts = 0
      metrics.records.inc({ group, topic, outcome: 'handled' }, finished - givenUp)
      if (finished === records.length) return { finished }
      const ms = Math.max(1, state.budget.untilNext(Date.now()))
      log.error({ group, topic, partition, ms }, 'too many records given up: partition paused')
      return { finished, pause: { reason: 'flood', ms } }
    } catch (error) {
      state.failedAttempts++
      const ms = backoff(state.failedAttempts, tuning.maxBackoffMs)
      metrics.transientRetries.inc({ group, topic })
      log.warn(
        { err: error, group, topic, partition, attempt: state.failedAttempts, ms },
        'batch failed and will come again',
      )
      return { finished: 0, pause: { reason: 'retry', ms } }
    } finally {
      observe()
    }
  }
}
