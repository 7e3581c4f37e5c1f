import { setTimeout as sleep } from 'node:timers/promises'
import type { Message, Producer as KafkaJsProducer } from 'kafkajs'
import { backoff } from '../../async/backoff.ts'
import { serialQueue } from '../../async/serial-queue.ts'
import { withTimeout } from '../../async/with-timeout.ts'
import { boundedRetries, createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'
import type { OutgoingRecord } from '../client/record.ts'
import { keyPartitioner } from './key-partitioner.ts'
import { classifySendError, SendError } from './send-error.ts'

export type Producer = AsyncDisposable & {
  /**
   * Resolves when all in-sync replicas have every record. Records of one key keep their order. Sends run one at a time.
   * A failed or repeated send may write records more than once, but their first occurrences are in order, provided
   * that the caller sends later records only after the earlier ones were acknowledged.
   *
   * @throws SendError after `sendTimeoutMs` at the latest
   */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

export type ProducerOptions = {
  /** Time limit of one send, ms, without the wait for earlier sends. Default 20 s. */
  sendTimeoutMs?: number
}

/** Covers a change of the leader or a closed connection. The caller waits out an outage. */
const maxAttempts = 3

/** How long disposal waits for the acknowledgement of the send in flight, ms. */
const disposeTimeoutMs = 4_000

type Connection = { producer: KafkaJsProducer; connected: Promise<void>; destroy: () => void }

/**
 * Connects at the first send, so a process can start while Kafka is unavailable. After a failure that the connection may
 * have caused, the next send opens a new one.
 */
export function connectProducer(
  settings: KafkaSettings,
  log: KafkaLog,
  { sendTimeoutMs = 20_000 }: ProducerOptions = {},
): Producer {
  let connection: Connection | undefined
  const turn = serialQueue()

  const discard = () => {
    connection?.destroy()
    connection = undefined
  }

  const sendOnce = async (records: readonly OutgoingRecord[], limitMs: number) => {
    const { producer, connected } = (connection ??= connect(settings, log))
    try {
      const sent = connected.then(() => producer.sendBatch(request(records)))
      await withTimeout(sent, limitMs, () => {
        throw new Error(`no acknowledgement within ${limitMs} ms`)
      })
    } catch (error) {
      const classified = classifySendError(error)
      if (classified.failure === 'unavailable') discard()
      throw classified
    }
  }

  const sendNow = async (records: readonly OutgoingRecord[]) => {
    const deadline = Date.now() + sendTimeoutMs
    for (let attempt = 1; ; attempt++) {
      try {
        return await sendOnce(records, deadline - Date.now())
      } catch (error) {
        const waitMs = backoff(attempt, 500)
        const last = attempt === maxAttempts || Date.now() + waitMs >= deadline
        if (last || !(error instanceof SendError && error.retryable)) throw error
        await sleep(waitMs)
      }
    }
  }

  return {
    // Trap 1: one send in flight. kafkajs may repeat a failed request after a later one was written, and its
    // idempotent producer loses its sequence numbers on a timeout, so only this line guarantees the order.
    send: (records) => turn.run(async () => (records.length > 0 ? sendNow(records) : undefined)),
    async [Symbol.asyncDispose]() {
      const disconnect = async () => {
        await turn.idle()
        await connection?.producer.disconnect()
      }
      await withTimeout(disconnect(), disposeTimeoutMs).catch(() => {})
      discard()
    },
  }
}

/**
 * Sends all records in order, in as many requests as the topics' size limits require.
 *
 * @throws SendError; `too_large` means that a single record exceeds the limit
 */
export async function sendInParts(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
  try {
    await producer.send(records)
  } catch (error) {
    const divisible = error instanceof SendError && error.failure === 'too_large' && records.length > 1
    if (!divisible) throw error
    const middle = Math.ceil(records.length / 2)
    await sendInParts(producer, records.slice(0, middle))
    await sendInParts(producer, records.slice(middle))
  }
}

function connect(settings: KafkaSettings, log: KafkaLog): Connection {
  const client = createClient(settings, log)
  const producer = client.kafka.producer({
    createPartitioner: keyPartitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    metadataMaxAge: 60_000,
    // No retries: kafkajs repeats a send only for the brokers that have not responded. It omits a partition that has
    // meanwhile moved to a broker that has, and the send succeeds without those records
    // (src/producer/sendMessages.js). Instead, `sendNow` repeats the whole send.
    retry: { ...boundedRetries, retries: 0 },
  })
  const connected = producer.connect()
  connected.catch(() => {}) // the send that waits for it receives the error
  return { producer, connected, destroy: client.destroy }
}

function request(records: readonly OutgoingRecord[]) {
  // The types of kafkajs lack the null headers that produce-request.ts encodes.
  const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, group]) => ({
    topic,
    messages: group as unknown as Message[],
  }))
  return { acks: -1, timeout: 8_000, topicMessages }
}
