import type { Admin, Kafka } from 'kafkajs'
import { repeat } from '../../async/repeat.ts'
import type { TopicPartition } from './batch.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'

/** The partitions of this member, by topic. */
export type Assignment = Readonly<Record<string, readonly number[]>>

export type LagWatch = {
  /** Removes the lag of partitions that moved to another member. */
  assign(assignment: Assignment): void
  /** The result of a finished batch. `next` is the first offset that is not finished. */
  report(at: TopicPartition, next: bigint, highWatermark: bigint): void
  close(): Promise<void>
}

/**
 * Keeps the lag metric of this member's partitions. Each batch updates it at once. A slow poll of committed and end
 * offsets updates it while nothing is handled: kafkajs does not report empty fetches and does not fetch paused
 * partitions.
 */
export function watchLag(
  kafka: Kafka,
  group: string,
  metrics: ConsumerMetrics,
  everyMs: number,
  log: { debug(fields: object, message: string): void },
): LagWatch {
  const admin = kafka.admin()
  let assigned: Assignment = {}

  const assign = (next: Assignment) => {
    for (const [topic, partitions] of Object.entries(assigned)) {
      const lost = partitions.filter((partition) => !next[topic]?.includes(partition))
      for (const partition of lost) metrics.lag.remove({ group, topic, partition })
    }
    assigned = next
  }
  const report: LagWatch['report'] = ({ topic, partition }, next, highWatermark) => {
    if (!assigned[topic]?.includes(partition)) return
    metrics.lag.set({ group, topic, partition }, Number(highWatermark - next))
    metrics.lastProgress.set({ group }, Date.now() / 1_000)
  }
  const refresh = async () => {
    const topics = Object.keys(assigned)
    if (topics.length === 0) return
    const lags = await lagsOf(admin, group, topics)
    const ours = lags.filter(({ topic, partition }) => assigned[topic]?.includes(partition))
    for (const { lag, ...labels } of ours) metrics.lag.set({ group, ...labels }, lag)
    if (ours.every(({ lag }) => lag === 0)) metrics.lastProgress.set({ group }, Date.now() / 1_000)
  }
  const polling = repeat(
    () => refresh().catch((error: unknown) => log.debug({ err: error, group }, 'failed to refresh the lag')),
    everyMs,
  )

  return {
    assign,
    report,
    async close() {
      assign({})
      // Not awaited: during an outage a poll takes seconds. It ends when the session destroys its client.
      void polling[Symbol.asyncDispose]()
      await admin.disconnect().catch(() => {})
    },
  }
}

async function lagsOf(
  admin: Admin,
  group: string,
  topics: string[],
): Promise<(TopicPartition & { lag: number })[]> {
  await admin.connect()
  const committed = await admin.fetchOffsets({ groupId: group, topics })
  const lags = await Promise.all(
    committed.map(async ({ topic, partitions }) => {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end]))
      return partitions.flatMap(({ partition, offset }) => {
        const end = ends.get(partition)
        if (!end) return []
        // Kafka reports a negative offset where the group has committed nothing.
        const next = BigInt(offset.startsWith('-') ? end.low : offset)
        return [{ topic, partition, lag: Number(BigInt(end.high) - next) }]
      })
    }),
  )
  return lags.flat()
}
