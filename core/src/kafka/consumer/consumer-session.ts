import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer } from 'kafkajs'
import { batchHandler, type BatchHandler } from './batch-handler.ts'
import { boundedRetries, createClient, type KafkaLog, type KafkaSettings } from '../client/client.ts'
import { watchLag } from './consumer-lag.ts'
import type { ConsumerMetrics } from './consumer-metrics.ts'
import type { ConsumerTuning } from './consumer-options.ts'
import type { PartitionWork } from './partition-work.ts'

export type SessionParts = {
  options: { kafka: KafkaSettings; group: string; log: KafkaLog }
  topics: readonly string[]
  tuning: ConsumerTuning
  metrics: ConsumerMetrics
  work: PartitionWork
  /** Told whenever kafkajs shows that its loop still turns. */
  alive: () => void
  /** Told when the group has answered with an assignment. */
  joined: () => void
}

/**
 * One kafkajs consumer, from its connection to its end.
 *
 * @returns undefined when `stop` was signalled and the consumer has left its group or the deadline has passed;
 *   otherwise why kafkajs gave up by itself
 */
export async function runSession(parts: SessionParts, stop: AbortSignal): Promise<Error | undefined> {
  const { tuning, alive } = parts
  const { kafka, group, log } = parts.options
  const client = createClient(kafka, log)
  const consumer = client.kafka.consumer(consumerConfig(group, tuning))
  const lag = watchLag(client.kafka, group, parts.metrics, tuning.lagRefreshMs, log)
  const handler = batchHandler(consumer, parts, lag, stop)
  consumer.on(consumer.events.FETCH, alive)

  alive()
  const crashed = crashOf(consumer)
  const started = start(consumer, parts, handler).catch((error: Error) => error)
  const startFailed = started.then((error) => error ?? crashed)
  const over = new AbortController()
  const stopped = stop.aborted ? undefined : untilAborted(stop, over.signal)
  const ended = await Promise.race([stopped, crashed, startFailed])

  const deadline = delay(tuning.stopTimeoutMs, undefined, { ref: false })
  if (!ended) {
    // Trap 8: kafkajs's stop does not stop a consumer that is joining: the group's answer, up to a rebalance time-out
    // later, brings it to life again. So the join comes first, and the deadline ends whatever still goes on.
    await Promise.race([started, crashed, deadline])
    await Promise.race([consumer.disconnect().catch(() => {}), deadline])
  }
  over.abort()
  handler.close()
  await Promise.race([lag.close().catch(() => {}), deadline])
  client.destroy()
  return ended
}

/** `over` takes the listener away: while brokers are away there is a session every few seconds. */
function untilAborted(stop: AbortSignal, over: AbortSignal): Promise<undefined> {
  return once(stop, 'abort', { signal: over }).then(
    () => undefined,
    () => undefined,
  )
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
    // Trap 3: kafkajs would begin again by itself, for ever and without a word. consumer-runtime.ts does it instead.
    retry: { ...boundedRetries, retries: 5, restartOnFailure: () => Promise.resolve(false) },
  }
}

async function start(
  consumer: Consumer,
  { topics, tuning }: SessionParts,
  handler: BatchHandler,
): Promise<undefined> {
  await consumer.connect()
  // Trap 4: without fromBeginning an offset that is no longer there jumps to the latest and skips what is in between.
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: false,
    // After each batch, and before it joins again, kafkajs commits what is resolved. Never in between: a commit
    // waits for the coordinator's linger.
    autoCommit: true,
    partitionsConsumedConcurrently: tuning.concurrency,
    eachBatch: (payload) => handler.eachBatch(payload),
  })
}

function crashOf(consumer: Consumer): Promise<Error> {
  return new Promise((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error))
  })
}
