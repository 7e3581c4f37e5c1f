import type { Consumer } from 'kafkajs'
import { abortOf } from '../../async/abort-of.ts'
import { withTimeout } from '../../async/with-timeout.ts'
import { boundedRetries, createClient, type KafkaSettings } from '../client/client.ts'
import { watchLag } from './consumer-lag.ts'
import type { ConsumerTuning } from './consumer-options.ts'
import { deliverBatches, type BatchDelivery, type BatchDeliveryParts } from './deliver-batches.ts'

export type SessionParts = BatchDeliveryParts & { kafka: KafkaSettings; topics: readonly string[] }

/**
 * Runs one kafkajs consumer, from its connection to its end.
 *
 * @returns undefined after `stop`, once the consumer has left its group or the deadline has passed; otherwise the
 *   error with which kafkajs gave up
 */
export async function runSession(parts: SessionParts, stop: AbortSignal): Promise<Error | undefined> {
  const { kafka, group, log, tuning, metrics, onActivity } = parts
  const client = createClient(kafka, log)
  const consumer = client.kafka.consumer(consumerConfig(group, tuning))
  const lag = watchLag(client.kafka, group, metrics, tuning.lagRefreshMs, log)
  const delivery = deliverBatches(consumer, lag, parts, stop)
  consumer.on(consumer.events.FETCH, onActivity)
  onActivity()

  const crashed = crashOf(consumer)
  const started = start(consumer, parts, delivery).catch((error: Error) => error)
  const startFailed = started.then((error) => error ?? crashed)
  using stopped = abortOf(stop)
  const ended = await Promise.race([stopped.promise, crashed, startFailed])

  const leave = async () => {
    // Trap 8: kafkajs's stop does not end a consumer that is joining: the group's response, up to a rebalance timeout
    // later, revives it. So wait for the join first; the deadline ends whatever still runs.
    await Promise.race([started, crashed])
    await delivery.idle()
    if (ended) return
    await delivery.flush()
    await consumer.disconnect().catch(() => {})
  }
  await withTimeout(Promise.all([leave(), lag.close()]), tuning.stopTimeoutMs)
  delivery.close()
  client.destroy()
  return ended
}

function consumerConfig(groupId: string, tuning: ConsumerTuning) {
  return {
    groupId,
    sessionTimeout: tuning.sessionTimeoutMs,
    heartbeatInterval: tuning.heartbeatIntervalMs,
    rebalanceTimeout: tuning.rebalanceTimeoutMs,
    maxWaitTimeInMs: tuning.maxWaitMs,
    minBytes: 1,
    maxBytes: 10 * tuning.maxBytesPerPartition,
    maxBytesPerPartition: tuning.maxBytesPerPartition,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    // Trap 3: kafkajs would restart by itself, silently and indefinitely. consumer-runtime.ts restarts it instead.
    retry: { ...boundedRetries, retries: 5, restartOnFailure: () => Promise.resolve(false) },
  }
}

async function start(
  consumer: Consumer,
  { topics, tuning }: SessionParts,
  { eachBatch }: BatchDelivery,
): Promise<undefined> {
  await consumer.connect()
  // Trap 4: without fromBeginning, an offset that no longer exists jumps to the latest and skips what lies between.
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: false,
    // See offset-commits.ts.
    autoCommit: false,
    partitionsConsumedConcurrently: tuning.concurrency,
    eachBatch,
  })
}

function crashOf(consumer: Consumer): Promise<Error> {
  return new Promise((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error))
  })
}
