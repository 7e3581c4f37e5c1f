import type { Kafka } from 'kafkajs'
import type { ConsumerMetrics } from './consumer-metrics.ts'

/** Partitions of this member by topic. */
export type Assignment = Readonly<Record<string, readonly number[]>>

export type LagWatch = {
  /** Forgets the partitions that went to another member. */
  assign(assignment: Assignment): void
  /** What a finished batch says: `next` is the first offset that is not finished. */
  report(topic: string, partition: number, next: bigint, highWatermark: bigint): void
  close(): Promise<void>
}

/**
 * Keeps the lag of this member's partitions. Batches tell it at once; a slow poll of committed and end offsets keeps
 * it true while nothing is handled: kafkajs does not show empty fetches, and a paused partition is not fetched at all.
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
  let polling: Promise<void> | undefined

  const poll = async () => {
    await admin.connect()
    const topics = Object.keys(assigned)
    if (topics.length === 0) return
    const committed = await admin.fetchOffsets({ groupId: group, topics })
    let total = 0n
    for (const { topic, partitions } of committed) {
      const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end]))
      for (const { partition, offset } of partitions) {
        const end = ends.get(partition)
        if (!end || !assigned[topic]?.includes(partition)) continue
        const next = offset.startsWith('-') ? BigInt(end.low) : BigInt(offset)
        const lag = BigInt(end.high) - next
        metrics.lag.set({ group, topic, partition }, Number(lag))
        total += lag
      }
    }
    if (total === 0n) metrics.lastProgress.set({ group }, Date.now() / 1_000)
  }

  const timer = setInterval(() => {
    polling ??= poll()
      .catch((error: unknown) => log.debug({ err: error, group }, 'consumer lag not refreshed'))
      .finally(() => (polling = undefined))
  }, everyMs)

  return {
    assign(next) {
      for (const [topic, partitions] of Object.entries(assigned)) {
        const lost = partitions.filter((partition) => !next[topic]?.includes(partition))
        for (const partition of lost) metrics.lag.remove({ group, topic, partition })
      }
      assigned = next
    },
    report(topic, partition, next, highWatermark) {
      if (!assigned[topic]?.includes(partition)) return
      metrics.lag.set({ group, topic, partition }, Number(highWatermark - next))
      metrics.lastProgress.set({ group }, Date.now() / 1_000)
    },
    async close() {
      clearInterval(timer)
      this.assign({})
      await admin.disconnect()
    },
  }
}
