import { setTimeout as delay } from 'node:timers/promises'
import { Partitioners, type Producer as KafkaJsProducer } from 'kafkajs'
import { backoff } from '../../async/backoff.ts'
import { boundedRetries, createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'
import { serialQueue } from '../../async/serial-queue.ts'
import { encodableHeaders, type OutgoingRecord } from '../client/record.ts'
import { classifySendError, SendError } from './send-error.ts'

export type Producer = AsyncDisposable & {
  /**
   * Resolves when all in-sync replicas have every record. Records of one key keep their order. Sends wait for one
   * another. A failed or repeated send may leave records more than once, never out of their first order, as long as
   * the caller does not go on to later records before the earlier ones are acknowledged.
   *
   * @throws SendError after `sendTimeoutMs` at the latest
   */
  send(records: readonly OutgoingRecord[]): Promise<void>
}

export type ProducerOptions = {
  /** The most that one send may take, in milliseconds; the wait for earlier sends comes on top. Default 20 s. */
  sendTimeoutMs?: number
}

/** For what passes in a moment: a new leader, a connection that was closed. An outage is the caller's to wait out. */
const maxAttempts = 3

/** For the send in flight to be acknowledged when the process ends. */
const leaveTimeoutMs = 4_000

type Connection = { producer: KafkaJsProducer; connected: Promise<void>; destroy: () => void }

/**
 * Connects at the first send, so a process can start while Kafka is away. After a failure that may lie in the
 * connection the next send begins with a new one.
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
      await within(
        limitMs,
        connected.then(() => producer.sendBatch(request(records))),
      )
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
        await delay(waitMs)
      }
    }
  }

  return {
    // Trap 1: one send in flight. kafkajs may repeat a failed request after a later one was written, and its
    // idempotent producer loses its sequence numbers on a time-out, so order rests on this line alone.
    send: (records) => turn.run(async () => (records.length > 0 ? sendNow(records) : undefined)),
    async [Symbol.asyncDispose]() {
      const leave = async () => {
        await turn.idle()
        await connection?.producer.disconnect()
      }
      await within(leaveTimeoutMs, leave()).catch(() => {})
      discard()
    },
  }
}

/**
 * Sends all records in their order, in as many requests as the topics' size limits want.
 *
 * @throws SendError; `too_large` means that a record does not fit by itself
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
    // The Java client's murmur2, pinned: a key must stay in its partition whatever kafkajs's default becomes.
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    idempotent: false,
    maxInFlightRequests: 1,
    metadataMaxAge: 60_000,
    // None: kafkajs repeats a send only for the brokers that have not answered yet. A partition that meanwhile moved
    // to one that has is left out, and the send succeeds without its records (src/producer/sendMessages.js). So a
    // send is repeated as a whole, above.
    retry: { ...boundedRetries, retries: 0 },
  })
  const connected = producer.connect()
  connected.catch(() => {}) // the send that waits for it gets the error
  return { producer, connected, destroy: client.destroy }
}

function request(records: readonly OutgoingRecord[]) {
  const byTopic = Map.groupBy(records, ({ topic }) => topic)
  const topicMessages = [...byTopic].map(([topic, group]) => ({
    topic,
    messages: group.map(({ key, value, headers }) => ({ key, value, headers: encodableHeaders(headers) })),
  }))
  return { acks: -1, timeout: 8_000, topicMessages }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
