import { randomUUID } from 'node:crypto'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { withTimeout } from '../../async/with-timeout.ts'
import {
  boundedRetries,
  createClient,
  type KafkaClient,
  type KafkaLog,
  type KafkaSettings,
} from '../client/client.ts'
import { receivedRecord, type ReceivedRecord } from '../client/record.ts'
import { sendHeartbeats } from '../consumer/heartbeats.ts'

/** Receives the records of one partition, in order. `false` ends the scan. */
export type Take = (records: readonly ReceivedRecord[]) => Promise<boolean | void> | boolean | void

/** Without a batch for this long, ms, the scan checks whether the missing records still exist. */
const STALL_MS = 5_000
const MAX_STALLS = 4

/** The offsets of a partition that a scan must still read: from `next` up to `end`, which is excluded. */
type Span = { next: bigint; end: bigint }

type Scan = {
  topic: string
  /** By partition; a finished partition is removed. */
  spans: Map<number, Span>
  take: Take
  /** Counts the batches, to notice a stall. */
  batches: number
  /** Whether `take` is running. */
  busy: boolean
  /** Resolves at the end of the scan and rejects on a failure. */
  done: PromiseWithResolvers<void>
}

/**
 * Reads the records that are in the topic now, in the order of each partition, one batch at a time: the brokers' fetch
 * size bounds the memory. kafkajs reads only as a member of a group, so each scan has its own group. It commits nothing,
 * so the brokers delete the group by themselves.
 *
 * @param since only records of this time or later; the brokers look up the offsets
 * @throws what `take` throws; otherwise if the brokers do not respond or the topic does not exist
 */
export async function scanTopic(
  options: { kafka: KafkaSettings; log: KafkaLog; topic: string; since?: Date | undefined },
  take: Take,
): Promise<void> {
  const { topic } = options
  const client = createClient(options.kafka, options.log)
  try {
    const spans = await spansOf(client, topic, options.since)
    if (spans.size === 0) return
    await read(client, { topic, spans, take, batches: 0, busy: false, done: Promise.withResolvers() })
  } finally {
    client.destroy()
  }
}

async function spansOf({ kafka }: KafkaClient, topic: string, since?: Date): Promise<Map<number, Span>> {
  const admin = kafka.admin({ retry: boundedRetries })
  try {
    await admin.connect()
    const ends = await admin.fetchTopicOffsets(topic)
    // Negative times have other meanings for a broker: -1 is the end of the topic.
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

async function read(client: KafkaClient, scan: Scan): Promise<void> {
  const { topic, spans, done } = scan
  // It may reject before anything waits for it, which would end the process.
  done.promise.catch(() => {})
  const consumer = scanConsumer(client)
  consumer.on(consumer.events.CRASH, ({ payload }) => done.reject(payload.error))
  try {
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch: (payload) => takeBatch(scan, payload) })
    for (const [partition, { next }] of spans) consumer.seek({ topic, partition, offset: String(next) })
    await untilDone(client, scan)
  } finally {
    await consumer.disconnect().catch(() => {})
  }
}

function scanConsumer({ kafka }: KafkaClient): Consumer {
  return kafka.consumer({
    groupId: `lockstep-scan-${randomUUID()}`,
    allowAutoTopicCreation: false,
    sessionTimeout: 10_000,
    heartbeatInterval: 3_000,
    maxWaitTimeInMs: 100,
    retry: { ...boundedRetries, restartOnFailure: () => Promise.resolve(false) },
  })
}

async function takeBatch(scan: Scan, { batch, heartbeat }: EachBatchPayload): Promise<void> {
  const { topic, spans, take, done } = scan
  const { partition } = batch
  const span = spans.get(partition)
  if (!span) return
  using _heartbeats = sendHeartbeats(heartbeat, 1_000)
  scan.batches++
  scan.busy = true
  try {
    const wanted = batch.messages.filter(
      ({ offset }) => BigInt(offset) >= span.next && BigInt(offset) < span.end,
    )
    const records = wanted.map((message) => receivedRecord({ topic, partition }, message))
    const ended = records.length > 0 && (await take(records)) === false
    const next = BigInt(batch.lastOffset()) + 1n
    // A batch that was fetched before the seek took effect has lower offsets.
    if (next > span.next) span.next = next
    if (span.next >= span.end) spans.delete(partition)
    if (ended || spans.size === 0) done.resolve()
  } catch (error) {
    done.reject(error)
  } finally {
    scan.busy = false
  }
}

/** Retention may delete records that the scan has not read, so it must not wait for them indefinitely. */
async function untilDone(client: KafkaClient, scan: Scan): Promise<void> {
  const finished = scan.done.promise.then(() => true)
  let stalls = 0
  for (;;) {
    const before = scan.batches
    if (await withTimeout(finished, STALL_MS)) return
    if (scan.busy || scan.batches > before) {
      stalls = 0
      continue
    }
    if (++stalls > MAX_STALLS) throw new Error(`${scan.topic} returns no records, although it has some`)
    const present = await spansOf(client, scan.topic)
    for (const [partition, { end }] of scan.spans) {
      if ((present.get(partition)?.next ?? end) >= end) scan.spans.delete(partition)
    }
    if (scan.spans.size === 0) return
  }
}
