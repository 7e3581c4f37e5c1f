import type { Registry } from 'prom-client'
import type { KafkaLog, KafkaSettings } from '../client/client.ts'
import type { Decode, Handle } from './process-batch.ts'

export type ConsumerOptions<T> = {
  kafka: KafkaSettings
  /** The consumer group; names the error and retry topics too. */
  group: string
  /** Another group whose error and retry topics this one uses too: it handles the same records. Default: its own. */
  errorsOf?: string
  /** The sources. `<group>.retry` is consumed beside them, by the same handler. */
  topics: readonly string[]
  decode: Decode<T>
  handle: Handle<T>
  log: KafkaLog
  registry: Registry
  tuning?: Partial<ConsumerTuning>
}

/** Milliseconds where nothing else is said. */
export type ConsumerTuning = {
  /** How long the group waits for a member that says nothing. */
  sessionTimeoutMs: number
  heartbeatIntervalMs: number
  /**
   * How long the group waits for members to finish their batches when it rebalances. A broker that was killed comes
   * back with members that do not: then the whole group waits for so long (30 s were seen at 30 s). Longer than a
   * batch takes whose dependency is silent; one that takes longer is handled by another member again, to no harm.
   */
  rebalanceTimeoutMs: number
  /**
   * How long a broker holds a fetch that finds nothing. New records end the wait at once, so it does not delay them; it
   * delays a resumed partition, a heartbeat and a stop. Measured on 6 partitions: a record takes 3 ms at 50 as at
   * 1,000; an idle consumer costs 3% of a core at 50, 1.6% at 100, 0.5% at 250.
   */
  maxWaitMs: number
  maxBytesPerPartition: number
  /** Partitions whose batches are handled at the same time. */
  concurrency: number
  /** Records that one partition may give up in a minute before it is paused. */
  permanentFailuresPerMinute: number
  maxBackoffMs: number
  /** The most that a stop may take: to finish the batch in hand, commit and leave the group. */
  stopTimeoutMs: number
  /** Without any sign of life for so long the consumer counts as dead. Longer than any batch may take. */
  stallLimitMs: number
  lagRefreshMs: number
}

export const defaultTuning: ConsumerTuning = {
  sessionTimeoutMs: 10_000,
  heartbeatIntervalMs: 3_000,
  rebalanceTimeoutMs: 15_000,
  maxWaitMs: 250,
  maxBytesPerPartition: 1_048_576,
  concurrency: 4,
  permanentFailuresPerMinute: 100,
  maxBackoffMs: 5_000,
  stopTimeoutMs: 8_000,
  stallLimitMs: 120_000,
  lagRefreshMs: 10_000,
}
