import type { Row } from './panels.ts'
import { orZero, percentiles, rate, timeseries } from './queries.ts'

/** The way of an event from the outbox to the queries. */
export const pipelineRows: readonly Row[] = [
  {
    title: 'Outbox',
    panels: [
      timeseries('Entries', 'short', 'Normally near 0; these events are stored but not published yet', {
        // Every writer measures the same table, so the writers are not summed.
        expr: 'sum(max by (aggregate) (outbox_entries))',
        legend: 'entries',
      }),
      timeseries('Published events', 'ops', 'Events that the broker acknowledged, including repeats', {
        expr: rate('outbox_published_events_total', 'service'),
        legend: 'events',
      }),
      timeseries(
        'Time to publish one batch',
        's',
        'Until all in-sync replicas have the batch',
        ...percentiles('outbox_publish_duration_seconds', ''),
      ),
      timeseries('Relay leaders', 'short', 'Normally 1; at 0 no events are published', {
        expr: 'sum(outbox_relay_holder)',
        legend: 'leaders',
      }),
    ],
  },
  {
    title: 'Projection',
    panels: [
      timeseries(
        'Consumer lag',
        'short',
        'Records that are not processed yet, by consumer group and partition',
        {
          expr: 'sum by (group, topic, partition) (kafka_consumer_lag_records)',
          legend: '{{group}} {{topic}} {{partition}}',
        },
      ),
      timeseries(
        'Records',
        'ops',
        'Records by outcome, and events by result at the version gate',
        { expr: rate('kafka_consumer_records_total', 'group, outcome'), legend: '{{group}} {{outcome}}' },
        {
          expr: rate('reader_projection_events_total', 'read_model, result'),
          legend: '{{read_model}} {{result}}',
        },
      ),
      timeseries(
        'Failures',
        'ops',
        'Transient: a dependency is unavailable and the batch is retried. Permanent: run pnpm lockstep errors list',
        {
          expr: orZero('sum(rate(kafka_consumer_transient_retries_total[$__rate_interval]))'),
          legend: 'transient',
        },
        {
          expr: orZero('sum(rate(kafka_consumer_permanent_failures_total[$__rate_interval]))'),
          legend: 'permanent',
        },
        { expr: orZero('sum(kafka_consumer_paused_partitions)'), legend: 'partitions paused' },
      ),
      timeseries('Drift', 'short', 'Mismatches in the last audit; pnpm lockstep audit lists them', {
        expr: orZero('sum by (read_model) (reader_audit_drift_products)'),
        legend: 'mismatches {{read_model}}',
      }),
    ],
  },
  {
    title: 'Cache and waits',
    panels: [
      timeseries(
        'Cache reads',
        'ops',
        'Error and bypass: Redis is slow or unavailable, and MongoDB serves the reads',
        {
          expr: rate('reader_cache_reads_total', 'result'),
          legend: '{{result}}',
        },
      ),
      timeseries('Hit ratio', 'percentunit', 'The share of hits among all reads', {
        expr: [
          '(sum(rate(reader_cache_reads_total{result="hit"}[$__rate_interval])) or vector(0))',
          'sum(rate(reader_cache_reads_total[$__rate_interval]))',
        ].join(' / '),
        legend: 'hits',
      }),
      timeseries(
        'Cache open',
        'short',
        '0: cache writes failed for too long, so all replicas bypass the cache',
        {
          expr: 'min(reader_cache_open)',
          legend: 'open',
        },
      ),
      timeseries(
        'Top lists',
        'ops',
        'Made: read from MongoDB. Error and bypass: Redis is slow or unavailable, and each replica makes its own',
        {
          expr: orZero(rate('reader_top_lists_total', 'result')),
          legend: '{{result}}',
        },
      ),
      timeseries('Version waits', 'ops', 'Queries that had to wait for their min_version', {
        expr: rate('reader_min_version_waits_total', 'result'),
        legend: '{{result}}',
      }),
    ],
  },
]
