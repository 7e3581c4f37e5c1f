import type { Registry } from 'prom-client'
import type { KafkaLog, KafkaSettings } from '../client/client.ts'
import type { Decode, Handle } from './batch.ts'

export type ConsumerOptions<T> = {
  kafka: KafkaSettings
  /** The consumer group. */
  group: string
  /** The group whose error and retry topics this one shares, because it handles the same records. Default: `group`. */
  deadLetterGroup?: string
  /** The source topics. The same handler also consumes `<deadLetterGroup>.retry`. */
  topics: readonly string[]
  decode: Decode<T>
  handle: Handle<T>
  log: KafkaLog
  registry: Registry
  tuning?: Partial<ConsumerTuning>
}

/** Times are in milliseconds. */
export type ConsumerTuning = {
  /** How long the group waits for a silent member. */
  sessionTimeoutMs: number
  heartbeatIntervalMs: number
  /**
   * How long a rebalancing group waits for its members to finish their batches. A killed broker returns with members
   * that no longer exist, and then the whole group waits this long. Longer than a batch whose dependency is silent; a
   * batch that takes longer is harmlessly handled again by another member.
   */
  rebalanceTimeoutMs: number
  /**
   * How long a broker keeps a fetch waiting that finds nothing. New records end the wait, so it only delays a resumed
   * partition, a heartbeat and a stop. Measured on 6 partitions: a record takes 3 ms at 50 and at 1,000; an idle
   * consumer costs 3% of a core at 50, 1.6% at 100, 0.5% at 250.
   */
  maxWaitMs: number
  maxBytesPerPartition: number
  /** Partitions whose batches are handled at the same time. */
  concurrency: number
  /** Dead letters that one partition may produce in a minute before it is paused. */
  permanentFailuresPerMinute: number
  maxBackoffMs: number
  /** Time limit of a stop: finish the batch in progress, commit and leave the group. */
  stopTimeoutMs: number
  /** A consumer without activity for this long counts as failed. Longer than any batch may take. */
  stallLimitMs: number
  lagRefreshMs: number
}

export const defaultTuning: ConsumerTuning = {
  sessionTimeoutMs: 10_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 15_000,
  maxWaitMs: 250,
  maxBytesPerPartition: 1_048_576,
  concurrency: 16,
  permanentFailuresPerMinute: 100,
  maxBackoffMs: 5_000,
  stopTimeoutMs: 8_000,
  stallLimitMs: 120_000,
  lagRefreshMs: 10_000,
}
