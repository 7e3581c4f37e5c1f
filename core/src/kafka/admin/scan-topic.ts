import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import {
  boundedRetries,
  createClient,
  type KafkaClient,
  type KafkaLog,
  type KafkaSettings,
} from '../client/client.ts'
import { keepBeating } from '../consumer/heartbeats.ts'
import { receivedHeaders, type ReceivedRecord } from '../client/record.ts'

/** Gets the records of one partition, in order. `false` ends the scan. */
export type Take = (records: readonly ReceivedRecord[]) => Promise<boolean | void> | boolean | void

/** Without a batch for so long, ms, the scan looks whether the records that it waits for are still there. */
const STALL_MS = 5_000
const MAX_STALLS = 4

/** The offsets of a partition that a scan has yet to read: `next` up to `end`, which is not in it. */
type Span = { next: bigint; end: bigint }

/**
 * Reads what is in the topic now, in the order of each partition, one batch after the other: memory is bounded by the
 * brokers' fetch size. kafkajs reads only as a member of a group, so the scan is a group of its own that commits
 * nothing; the brokers forget it by themselves.
 *
 * @param since records of this time or later; the brokers look it up
 * @throws what `take` throws; otherwise when the brokers do not answer or the topic is not there
 */
export async function scanTopic(
  options: { kafka: KafkaSettings; log: KafkaLog; topic: string; since?: Date | undefined },
  take: Take,
): Promise<void> {
  const client = createClient(options.kafka, options.log)
  try {
    const spans = await spansOf(client, options.topic, options.since)
    if (spans.size > 0) await read(client, options.topic, spans, take)
  } finally {
    client.destroy()
  }
}

async function spansOf({ kafka }: KafkaClient, topic: string, since?: Date): Promise<Map<number, Span>> {
  const admin = kafka.admin({ retry: boundedRetries })
  try {
    await admin.connect()
    const ends = await admin.fetchTopicOffsets(topic)
    // Negative times mean other things to a broker: -1 is the end of the topic.
    const from =
      since && since.getTime() > 0 ? await admin.fetchTopicOffsetsByTimestamp(topic, since.getTime()) : []
    const starts = new Map(from.map(({ partition, offset }) => [partition, BigInt(offset)]))
    const spans = ends.map(({ partition, low, high }): [number, Span] => {
      const start = starts.get(partition) ?? 0n
      return [partition, { next: start > BigInt(low) ? start : BigInt(low), end: BigInt(high) }]
    })
    return new Map(spans.filter(([, { next, end }]) => next < end))
  } finally {
    await admin.disconnect()
  }
}

async function read(client: KafkaClient, topic: string, spans: Map<number, Span>, take: Take): Promise<void> {
  const done = Promise.withResolvers<void>()
  // A crash or a look may reject it before anybody waits for it, which would end the process.
  done.promise.catch(() => {})
  let stalls = 0
  let busy = false

  const eachBatch = async ({ batch, heartbeat }: EachBatchPayload) => {
    const span = spans.get(batch.partition)
    if (!span) return
    using _beats = keepBeating(heartbeat, 1_000)
    stalls = 0
    busy = true
    try {
      const inside = batch.messages.filter(
        ({ offset }) => BigInt(offset) >= span.next && BigInt(offset) < span.end,
      )
      const records = inside.map(({ offset, timestamp, key, value, headers }): ReceivedRecord => {
        return {
          topic,
          partition: batch.partition,
          offset,
          timestamp,
          key,
          value,
          headers: receivedHeaders(headers),
        }
      })
      const ended = records.length > 0 && (await take(records)) === false
      const next = BigInt(batch.lastOffset()) + 1n
      // What was fetched before the seek took hold lies before it.
      if (next > span.next) span.next = next
      if (span.next >= span.end) spans.delete(batch.partition)
      if (ended || spans.size === 0) done.resolve()
    } catch (error) {
      done.reject(error)
    } finally {
      busy = false
    }
  }

  /** Retention may remove records that the scan has not come to. */
  const look = async () => {
    if (busy) return
    if (++stalls > MAX_STALLS) throw new Error(`${topic} gives no records, though it has some`)
    const present = await spansOf(client, topic)
    for (const [partition, { end }] of spans) {
      if ((present.get(partition)?.next ?? end) >= end) spans.delete(partition)
    }
    if (spans.size === 0) done.resolve()
  }
  let watch: NodeJS.Timeout | undefined

  const consumer = client.kafka.consumer({
    groupId: `lockstep-scan-${randomUUID()}`,
    allowAutoTopicCreation: false,
    sessionTimeout: 10_000,
    heartbeatInterval: 3_000,
    maxWaitTimeInMs: 100,
    retry: { ...boundedRetries, restartOnFailure: () => Promise.resolve(false) },
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => done.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch })
    for (const [partition, { next }] of spans) consumer.seek({ topic, partition, offset: String(next) })
    watch = setInterval(() => void look().catch(done.reject), STALL_MS)
    await done.promise
  } finally {
    clearInterval(watch)
    await consumer.disconnect().catch(() => {})
  }
}
