import { setTimeout as sleep } from 'node:timers/promises'
import { retryTopic } from '@lockstep/contracts/topics.ts'
import { backoff } from '../../async/backoff.ts'
import { connectProducer } from '../producer/producer.ts'
import { consumerMetrics } from './consumer-metrics.ts'
import { defaultTuning, type ConsumerOptions } from './consumer-options.ts'
import { runSession, type SessionParts } from './consumer-session.ts'
import { crashKind } from './crash-kind.ts'
import { batchHandling } from './handle-batch.ts'

export type RunningConsumer = AsyncDisposable & {
  /**
   * Resolves with the reason when the consumer has stopped by itself: the process must then exit with a code other
   * than 0, so that its supervisor restarts it. Never resolves after disposal.
   */
  failed: Promise<Error>
}

/** Unexplained crashes in a row, without a successful join between them. */
const maxUnexplainedCrashes = 5

/**
 * Consumes `topics` and `<group>.retry` as a member of `group`, and restarts by itself after an outage of the brokers.
 * Returns at once, so a process can start while Kafka is unavailable.
 *
 * A batch is the records of one partition, in order. `handle` receives the results of `decode` and either applies them
 * all or throws. Then:
 * - Every error of `handle` is transient: the partition is paused for up to 5 s (full jitter) and the same records are
 *   redelivered, indefinitely; the other partitions and the membership are not affected.
 * - A record that `decode` rejects is sent to `<group>.errors` with its key, bytes and headers unchanged. The error
 *   topic acknowledges it before its offset is committed.
 * - More than 100 dead letters in a minute from one partition pause that partition until the minute allows more, with
 *   an error in the log and `kafka_consumer_paused_partitions{reason="flood"}`. (A pause until the next restart was
 *   rejected: it needs an operator at night, and the bad records of one faulty client would stop the good ones.)
 *
 * The next batch of a partition is handled only after the last one. Offsets are never committed past an unfinished
 * record. After a crash, records may be redelivered in order, so effects must be repeatable.
 *
 * Disposal stops fetching, finishes the batches in progress, commits and leaves the group, within `stopTimeoutMs`.
 */
export function startConsumer<T>(options: ConsumerOptions<T>): RunningConsumer {
  const { kafka, group, deadLetterGroup = group, log } = options
  const tuning = { ...defaultTuning, ...options.tuning }
  const metrics = consumerMetrics(options.registry)
  const producer = connectProducer(kafka, log)
  const stop = new AbortController()
  const failed = Promise.withResolvers<Error>()
  let crashes = 0
  let lastActivity = Date.now()

  // Trap 3: a loop that hangs reports nothing. A handler that hangs for this long counts as well.
  const watchdog = setInterval(() => {
    const silentMs = Date.now() - lastActivity
    if (silentMs > tuning.stallLimitMs) {
      failed.resolve(new Error(`the consumer of ${group} has been inactive for ${silentMs} ms`))
    }
  }, tuning.stallLimitMs / 4)

  const session: SessionParts = {
    kafka,
    group,
    topics: [...options.topics, retryTopic(deadLetterGroup)],
    log,
    tuning,
    metrics,
    handleBatch: batchHandling({ ...options, tuning, metrics, producer }),
    onActivity: () => (lastActivity = Date.now()),
    onJoin: () => (crashes = 0),
  }

  const run = async () => {
    while (!stop.signal.aborted) {
      const error = await runSession(session, stop.signal)
      if (!error) return
      crashes++
      const kind = crashKind(error)
      if (kind === 'fatal' || (kind === 'unexplained' && crashes >= maxUnexplainedCrashes)) {
        failed.resolve(error)
        return
      }
      const ms = backoff(crashes, tuning.maxBackoffMs)
      metrics.restarts.inc({ group })
      log.error({ err: error, group, ms }, 'the consumer crashed and will be restarted')
      await sleep(ms, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const running = run().catch((error: Error) => failed.resolve(error))

  return {
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      clearInterval(watchdog)
      await producer[Symbol.asyncDispose]()
    },
  }
}
