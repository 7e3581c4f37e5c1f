import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { durationBuckets } from '../../telemetry/metrics.ts'

export type ConsumerMetrics = ReturnType<typeof createMetrics>

const byRegistry = new WeakMap<Registry, ConsumerMetrics>()

/** The metrics of all consumers that share a registry. */
export function consumerMetrics(registry: Registry): ConsumerMetrics {
  const metrics = byRegistry.get(registry) ?? createMetrics(registry)
  byRegistry.set(registry, metrics)
  return metrics
}

function createMetrics(registry: Registry) {
  const registers = [registry]
  const partition = ['group', 'topic', 'partition'] as const
  return {
    lag: new Gauge({
      name: 'kafka_consumer_lag_records',
      help: 'Records of the partition that this consumer has not finished',
      labelNames: partition,
      registers,
    }),
    records: new Counter({
      name: 'kafka_consumer_records_total',
      help: 'Records finished: handled, or sent to the error topic (dead_letter)',
      labelNames: ['group', 'topic', 'outcome'] as const,
      registers,
    }),
    permanentFailures: new Counter({
      name: 'kafka_consumer_permanent_failures_total',
      help: 'Records sent to the error topic, by error class',
      labelNames: ['group', 'topic', 'class'] as const,
      registers,
    }),
    transientRetries: new Counter({
      name: 'kafka_consumer_transient_retries_total',
      help: 'Batches that failed and are retried',
      labelNames: ['group', 'topic'] as const,
      registers,
    }),
    batchDuration: new Histogram({
      name: 'kafka_consumer_batch_duration_seconds',
      help: 'Time to decode and handle one batch',
      labelNames: ['group', 'topic'] as const,
      buckets: durationBuckets,
      registers,
    }),
    paused: new Gauge({
      name: 'kafka_consumer_paused_partitions',
      help: 'Paused partitions: before the next attempt (retry), or after too many dead letters (flood)',
      labelNames: ['group', 'reason'] as const,
      registers,
    }),
    rebalances: new Counter({
      name: 'kafka_consumer_rebalances_total',
      help: 'Times that this consumer joined its group',
      labelNames: ['group'] as const,
      registers,
    }),
    restarts: new Counter({
      name: 'kafka_consumer_restarts_total',
      help: 'Times that the consumer was restarted after a crash',
      labelNames: ['group'] as const,
      registers,
    }),
    lastProgress: new Gauge({
      name: 'kafka_consumer_last_progress_timestamp_seconds',
      help: 'When the consumer last finished a batch or had nothing to do',
      labelNames: ['group'] as const,
      registers,
    }),
  }
}
