import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { LagWatch } from './consumer-lag.ts'
import type { SessionParts } from './consumer-session.ts'
import { keepBeating } from './heartbeats.ts'
import { partitionPauses } from './partition-pauses.ts'
import { receivedHeaders, type ReceivedRecord } from '../client/record.ts'

export type BatchHandler = {
  eachBatch(payload: EachBatchPayload): Promise<void>
  close(): void
}

/**
 * Stands between kafkajs and the work. A batch that has to come again is returned unresolved and its partition paused
 * for a while: kafkajs then fetches it again from the same offset, goes on with the other partitions meanwhile, and
 * keeps its heartbeats and rebalances in its own loop. (A loop inside the handler would hold back every partition of
 * the same broker: kafkajs fetches again only when all batches of the last fetch have returned.)
 */
export function batchHandler(
  consumer: Consumer,
  { options: { group, log }, tuning, metrics, work, alive, joined }: SessionParts,
  lag: LagWatch,
  stop: AbortSignal,
): BatchHandler {
  let generation = 0
  const pauses = partitionPauses(consumer, () => {
    for (const reason of ['retry', 'flood'] as const)
      metrics.paused.set({ group, reason }, pauses.count(reason))
  })

  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    generation++
    pauses.resumeAll()
    lag.assign(payload.memberAssignment)
    metrics.rebalances.inc({ group })
    joined()
    log.info(
      { group, memberId: payload.memberId, assignment: payload.memberAssignment },
      'joined the consumer group',
    )
  })

  const run = async (payload: EachBatchPayload) => {
    const { topic, partition, messages, highWatermark } = payload.batch
    const joinedFor = generation
    const records = messages.map((message) => received(topic, partition, message))
    const { finished, pause } = await work(topic, partition, records)

    const last = messages[finished - 1]
    // With several brokers one fetch may join the group anew while another one's batch is still being handled. The
    // offsets then belong to another assignment; what was handled comes again.
    if (last && joinedFor === generation) {
      payload.resolveOffset(last.offset)
      lag.report(topic, partition, BigInt(last.offset) + 1n, BigInt(highWatermark))
    }
    if (pause && !stop.aborted) pauses.pause({ topic, partition }, pause.reason, pause.ms)
  }

  return {
    async eachBatch(payload) {
      if (stop.aborted) return
      alive()
      try {
        using _beats = keepBeating(() => payload.heartbeat(), tuning.heartbeatIntervalMs / 3)
        await run(payload)
      } catch (error) {
        // Trap 2: a SyntaxError, TypeError or RangeError that gets out ends the consumer for good, so nothing does.
        // `work` throws nothing; this is for what nobody thought of.
        log.error({ err: error, group }, 'unexpected error around a batch')
        const { topic, partition } = payload.batch
        if (!stop.aborted) pauses.pause({ topic, partition }, 'retry', tuning.maxBackoffMs)
      } finally {
        alive()
      }
    },
    close: () => pauses.resumeAll(),
  }
}

function received(topic: string, partition: number, message: KafkaMessage): ReceivedRecord {
  const { offset, timestamp, key, value, headers } = message
  return { topic, partition, offset, timestamp, key, value, headers: receivedHeaders(headers) }
}
