import type { Batch, Consumer, EachBatchPayload } from 'kafkajs'
import type { KafkaLog } from '../client/client.ts'
import { receivedRecord } from '../client/record.ts'
import type { HandleBatch, TopicPartition } from './batch.ts'
import type { LagWatch } from './consumer-lag.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerTuning } from './consumer-options.ts'
import { sendHeartbeats } from './heartbeats.ts'
import { offsetCommits } from './offset-commits.ts'
import { partitionPauses } from './partition-pauses.ts'
import { partitionProgress } from './partition-progress.ts'

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
  /** Resolves when no batch is being handled. */
  idle: () => Promise<void>
  /** Commits the offsets of the batches that have ended. */
  flush: () => Promise<void>
  close: () => void
}

/**
 * Passes the batches of one kafkajs consumer to `handleBatch`, one at a time for each partition. A batch that must be
 * redelivered moves the position of its partition back and pauses it; meanwhile kafkajs keeps the heartbeats, the
 * rebalances and the other partitions going. (A retry loop in here would delay every partition of the same broker:
 * kafkajs fetches again only after all batches of the last fetch have returned.)
 *
 * While more records wait at the broker, a batch returns as soon as it has begun, with the position after it. So kafkajs
 * fetches the next batch of each partition while this one is written. (Without a backlog, a fetch that began earlier
 * would only return fewer records.) The offset is committed after the write, as always.
 */
export function deliverBatches(
  consumer: Consumer,
  lag: LagWatch,
  parts: BatchDeliveryParts,
  stop: AbortSignal,
): BatchDelivery {
  const { group, log, tuning, metrics, handleBatch, onActivity, onJoin } = parts
  const commits = offsetCommits(group, log, tuning.maxBackoffMs)
  const progress = partitionProgress()
  let assignmentEpoch = 0
  const pauses = partitionPauses(consumer, (reason, count) => metrics.paused.set({ group, reason }, count))

  consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment: assignment } }) => {
    assignmentEpoch++
    commits.forget()
    pauses.resumeAll()
    lag.assign(assignment)
    metrics.rebalances.inc({ group })
    onJoin()
    log.info({ group, memberId, assignment }, 'joined the consumer group')
  })

  const eachBatch = async (payload: EachBatchPayload) => {
    onActivity()
    const { batch } = payload
    const from = { topic: batch.topic, partition: batch.partition }
    const partition = progress.of(from)
    using _heartbeats = sendHeartbeats(() => payload.heartbeat(), tuning.heartbeatIntervalMs / 3)
    await partition.inFlight
    if (stop.aborted) return
    try {
      const restart = partition.restartBefore(firstOffset(batch))
      if (restart !== undefined) return moveTo(payload, restart)
      const fetchAhead = endOffset(batch) < BigInt(batch.highWatermark)
      if (fetchAhead) moveTo(payload, endOffset(batch))
      partition.inFlight = deliver(payload, from, (next) => {
        if (fetchAhead) partition.mustRestartAt(next)
      })
      if (!fetchAhead) await partition.inFlight
    } catch (error) {
      onUnexpected(error, from)
    }
  }

  /** Never rejects. */
  const deliver = async (
    payload: EachBatchPayload,
    from: TopicPartition,
    onUnfinished: (next: bigint) => void,
  ) => {
    const { batch } = payload
    const epoch = assignmentEpoch
    try {
      const records = batch.messages.map((message) => receivedRecord(from, message))
      const { finished, pause } = await handleBatch(from, records)
      const unfinished = records[finished]
      const next = unfinished ? BigInt(unfinished.offset) : endOffset(batch)
      if (unfinished) onUnfinished(next)
      // The group may have been joined again meanwhile. The offsets then belong to an earlier assignment, and the batch
      // is redelivered.
      if (epoch === assignmentEpoch) {
        moveTo(payload, next)
        if (finished > 0) {
          commits.commitSoon(payload, { ...from, offset: String(next) })
          lag.report(from, next, BigInt(batch.highWatermark))
        }
      }
      if (pause && !stop.aborted) pauses.pause(from, pause.reason, pause.ms)
    } catch (error) {
      onUnfinished(firstOffset(batch))
      onUnexpected(error, from)
    } finally {
      onActivity()
    }
  }

  /**
   * Trap 2: a SyntaxError, TypeError or RangeError that escapes ends the consumer permanently. `handleBatch` never rejects,
   * so this is for an error of ours, and for a call that kafkajs refuses after a rebalance.
   */
  const onUnexpected = (error: unknown, from: TopicPartition) => {
    log.error({ err: error, group }, 'unexpected error while delivering a batch')
    if (!stop.aborted) pauses.pause(from, 'retry', tuning.maxBackoffMs)
  }

  return {
    eachBatch,
    idle: progress.idle,
    flush: commits.flush,
    close() {
      commits.close()
      pauses.resumeAll()
    },
  }
}

/** kafkajs delivers no batch without records. */
function firstOffset(batch: Batch): bigint {
  return BigInt(batch.firstOffset()!)
}

/** The offset after the batch, which may end with records that no application receives. */
function endOffset(batch: Batch): bigint {
  return BigInt(batch.lastOffset()) + 1n
}

/** The next fetch of the partition begins with this offset. */
function moveTo({ resolveOffset }: EachBatchPayload, offset: bigint): void {
  resolveOffset(String(offset - 1n))
}
