import { setTimeout as delay } from 'node:timers/promises'
import { retryTopic } from '@lockstep/contracts/topics.ts'
import { backoff } from '../../async/backoff.ts'
import { consumerMetrics } from './consumer-metrics.ts'
import { defaultTuning, type ConsumerOptions } from './consumer-options.ts'
import { runSession } from './consumer-session.ts'
import { crashKind } from './crash-kind.ts'
import { partitionWork } from './partition-work.ts'
import { connectProducer } from '../producer/producer.ts'

export type RunningConsumer = AsyncDisposable & {
  /**
   * Resolves with the reason if the consumer has stopped by itself: then the process must exit with a code other than
   * 0, so that whoever runs it starts it again. Never resolves after a stop that was asked for.
   */
  failed: Promise<Error>
}

/** Crashes in a row, without an answer from the group in between, that nothing explains. */
const maxUnexplainedCrashes = 5

/**
 * Consumes `topics` and `<group>.retry` as a member of `group`, and comes back by itself when brokers went away.
 * Returns at once, so a process can start while Kafka is away.
 *
 * A batch is the records of one partition, in order. `handle` gets what `decode` made of them and either takes effect
 * or throws. Then:
 * - a throw is transient, whatever it is: the partition is paused for up to 5 s (full jitter) and the same records
 *   come again, for ever; other partitions and the membership go on;
 * - a record that `decode` or `handle` refuses goes to `<group>.errors` with its key, bytes and headers as they were,
 *   and is acknowledged there before its offset is committed;
 * - more than 100 of these in a minute from one partition pause that partition until the minute allows more, with an
 *   error in the log and `kafka_consumer_paused_partitions{reason="flood"}`. (Waiting for a restart was the
 *   alternative: it needs somebody at night, and bad records from one faulty client would stop the good ones.)
 *
 * Offsets are committed once a batch and never past a record that is not finished, so after a crash records may come
 * again, in order: effects must bear repetition.
 *
 * Disposing stops the fetching, finishes the batch in hand, commits, and leaves the group, within `stopTimeoutMs`.
 */
export function startConsumer<T>(options: ConsumerOptions<T>): RunningConsumer {
  const { group, log } = options
  const tuning = { ...defaultTuning, ...options.tuning }
  const metrics = consumerMetrics(options.registry)
  const errors = connectProducer(options.kafka, log)
  const work = partitionWork(options, tuning, metrics, errors)
  const stop = new AbortController()
  const failed = Promise.withResolvers<Error>()
  let crashes = 0
  let lastSign = Date.now()

  // Trap 3: a loop that hangs says nothing. Whoever hangs in a handler for so long counts as well.
  const watchdog = setInterval(() => {
    const silentMs = Date.now() - lastSign
    if (silentMs > tuning.stallLimitMs) {
      failed.resolve(new Error(`the consumer of ${group} has shown no sign of life for ${silentMs} ms`))
    }
  }, tuning.stallLimitMs / 4)

  const parts = {
    options,
    topics: [...options.topics, retryTopic(options.errorsOf ?? group)],
    tuning,
    metrics,
    work,
    alive: () => (lastSign = Date.now()),
    joined: () => (crashes = 0),
  }

  const run = async () => {
    while (!stop.signal.aborted) {
      const error = await runSession(parts, stop.signal)
      if (!error) return
      crashes++
      const kind = crashKind(error)
      if (kind === 'fatal' || (kind === 'unexplained' && crashes >= maxUnexplainedCrashes)) {
        failed.resolve(error)
        return
      }
      const ms = backoff(crashes, tuning.maxBackoffMs)
      metrics.restarts.inc({ group })
      log.error({ err: error, group, ms }, 'the consumer crashed and will be started again')
      await delay(ms, undefined, { signal: stop.signal }).catch(() => {})
    }
  }
  const running = run().catch((error: Error) => failed.resolve(error))

  return {
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      clearInterval(watchdog)
      await errors[Symbol.asyncDispose]()
    },
  }
}
