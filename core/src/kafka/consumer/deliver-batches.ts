import type { Consumer, EachBatchPayload } from 'kafkajs'
import type { KafkaLog } from '../client/client.ts'
import { receivedRecord } from '../client/record.ts'
import type { HandleBatch } from './batch.ts'
import type { LagWatch } from './consumer-lag.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerTuning } from './consumer-options.ts'
import { sendHeartbeats } from './heartbeats.ts'
import { offsetCommits } from './offset-commits.ts'
import { partitionPauses } from './partition-pauses.ts'

export type BatchDeliveryParts = {
  group: string
  log: KafkaLog
  tuning: ConsumerTuning
  metrics: ConsumerMetrics
  handleBatch: HandleBatch
  /** Called for each sign that the loop of kafkajs is running. */
  onActivity: () => void
  /** Called when the group has assigned partitions to this member. */
  onJoin: () => void
}

export type BatchDelivery = {
  eachBatch: (payload: EachBatchPayload) => Promise<void>
  /** Commits the offsets of the batches that have ended. */
  flush: () => Promise<void>
  close: () => void
}

/**
 * Passes the batches of one kafkajs consumer to `handleBatch`. A batch that must be redelivered is returned unresolved
 * and its partition is paused: kafkajs then fetches it again from the same offset, and meanwhile keeps the heartbeats,
 * the rebalances and the other partitions going. (A retry loop in here would delay every partition of the same broker:
 * kafkajs fetches again only after all batches of the last fetch have returned.)
 */
export function deliverBatches(
  consumer: Consumer,
  lag: LagWatch,
  { group, log, tuning, metrics, handleBatch, onActivity, onJoin }: BatchDeliveryParts,
  stop: AbortSignal,
): BatchDelivery {
  const commits = offsetCommits(group, log, tuning.maxBackoffMs)
  let assignmentEpoch = 0
  const pauses = partitionPauses(consumer, (reason, count) => metrics.paused.set({ group, reason }, count))

  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment: assignment } }) => {
    assignmentEpoch++
    pauses.resumeAll()
    lag.assign(assignment)
    metrics.rebalances.inc({ group })
    onJoin()
    log.info({ group, memberId, assignment }, 'joined the consumer group')
  })

  const eachBatch = async (payload: EachBatchPayload) => {
    if (stop.aborted) return
    const { topic, partition, messages, highWatermark } = payload.batch
    const from = { topic, partition }
    onActivity()
    try {
      using _heartbeats = sendHeartbeats(() => payload.heartbeat(), tuning.heartbeatIntervalMs / 3)
      const epoch = assignmentEpoch
      const records = messages.map((message) => receivedRecord(from, message))
      const { finished, pause } = await handleBatch(from, records)
      const last = messages[finished - 1]
      // With several brokers, the fetch of one may rejoin the group while the batch of another is still handled. The
      // offsets then belong to an earlier assignment, and the batch is redelivered.
      if (last && epoch === assignmentEpoch) {
        payload.resolveOffset(last.offset)
        commits.commitSoon(payload)
        lag.report(from, BigInt(last.offset) + 1n, BigInt(highWatermark))
      }
      if (stop.aborted) await commits.flush()
      else if (pause) pauses.pause(from, pause.reason, pause.ms)
    } catch (error) {
      // Trap 2: a SyntaxError, TypeError or RangeError that escapes ends the consumer permanently. `handleBatch` never
      // rejects, so this is for an error in the lines above.
      log.error({ err: error, group }, 'unexpected error while delivering a batch')
      if (!stop.aborted) pauses.pause(from, 'retry', tuning.maxBackoffMs)
    } finally {
      onActivity()
    }
  }

  const close = () => {
    commits.close()
    pauses.resumeAll()
  }
  return { eachBatch, flush: commits.flush, close }
}
