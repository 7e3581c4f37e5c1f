import { grafanaDashboard, type Panel, type Query, type Row, type Unit } from './panels.ts'

/**
 * The dashboard of both services: traffic, errors, and how far the read models are behind. Every query returns data
 * after the first traffic, even if the counted event has never occurred: an empty panel would look like a broken
 * dashboard.
 */

const timeseries = (title: string, unit: Unit, description: string, ...queries: Query[]): Panel => ({
  kind: 'timeseries',
  title,
  description,
  unit,
  queries,
})

const stat = (title: string, unit: Unit, description: string, expr: string): Panel => ({
  kind: 'stat',
  title,
  description,
  unit,
  queries: [{ expr, legend: title }],
})

const rate = (selector: string, by: string) => `sum by (${by}) (rate(${selector}[$__rate_interval]))`

const quantile = (q: number, histogram: string, by: string) =>
  `histogram_quantile(${q}, ${rate(`${histogram}_bucket`, by === '' ? 'le' : `le, ${by}`)})`

/** 0 while the counter has no series: prom-client exports a series with labels only after its first increment. */
const orZero = (expr: string) => `${expr} or vector(0)`

/** The share of calls that failed on our side; 0 while there are calls and none has failed. */
const failedShare = (calls: string, failed: string) =>
  `(${rate(`${calls}{${failed}}`, 'service')} or 0 * ${rate(calls, 'service')}) / ${rate(calls, 'service')}`

const http = 'http_server_request_duration_seconds'
const grpc = 'grpc_server_call_duration_seconds'
const httpFailures = 'status=~"5.."'
const grpcFailures = 'code=~"INTERNAL|UNAVAILABLE|UNKNOWN|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED"'

const rows: Row[] = [
  {
    title: 'Overview',
    panels: [
      stat(
        'Services up',
        'short',
        'Processes of both services that Prometheus can scrape',
        'sum(up{job="services"})',
      ),
      stat(
        'Oldest unpublished event',
        's',
        'Normally near 0; grows while Kafka is unavailable',
        'max(outbox_oldest_entry_age_seconds)',
      ),
      stat(
        'Consumer lag',
        'short',
        'Records that the read models have not applied yet',
        'sum(kafka_consumer_lag_records)',
      ),
      stat(
        'Write to readable, p99',
        's',
        'From the event until its read model has it',
        quantile(0.99, 'reader_write_to_readable_seconds', ''),
      ),
    ],
  },
  {
    title: 'Traffic',
    panels: [
      timeseries('HTTP requests', 'reqps', 'By service, method and route', {
        expr: rate(`${http}_count`, 'service, method, route'),
        legend: '{{service}} {{method}} {{route}}',
      }),
      timeseries('gRPC calls', 'reqps', 'By service and method', {
        expr: rate(`${grpc}_count`, 'service, method'),
        legend: '{{service}} {{method}}',
      }),
    ],
  },
  {
    title: 'Errors',
    panels: [
      timeseries(
        'Share of failed calls',
        'percentunit',
        'HTTP 5xx, and the gRPC codes of failures on our side; the log has each of them with its request id',
        { expr: failedShare(`${http}_count`, httpFailures), legend: '{{service}} HTTP' },
        { expr: failedShare(`${grpc}_count`, grpcFailures), legend: '{{service}} gRPC' },
      ),
      timeseries('HTTP responses', 'reqps', 'By status; 4xx are refusals that the caller causes', {
        expr: rate(`${http}_count`, 'service, status'),
        legend: '{{service}} {{status}}',
      }),
      timeseries('gRPC responses', 'reqps', 'By code', {
        expr: rate(`${grpc}_count`, 'service, code'),
        legend: '{{service}} {{code}}',
      }),
    ],
  },
  {
    title: 'Latency',
    panels: [
      timeseries(
        'HTTP',
        's',
        'Median and 99th percentile by service',
        { expr: quantile(0.5, http, 'service'), legend: '{{service}} p50' },
        { expr: quantile(0.99, http, 'service'), legend: '{{service}} p99' },
      ),
      timeseries(
        'gRPC',
        's',
        'Median and 99th percentile by method; a query with min_version may wait up to its limit',
        { expr: quantile(0.5, grpc, 'method'), legend: '{{method}} p50' },
        { expr: quantile(0.99, grpc, 'method'), legend: '{{method}} p99' },
      ),
      timeseries(
        'Write to readable',
        's',
        'From the moment an event occurred until its read model has it',
        {
          expr: quantile(0.5, 'reader_write_to_readable_seconds', 'read_model'),
          legend: '{{read_model}} p50',
        },
        {
          expr: quantile(0.99, 'reader_write_to_readable_seconds', 'read_model'),
          legend: '{{read_model}} p99',
        },
      ),
    ],
  },
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
        { expr: quantile(0.5, 'outbox_publish_duration_seconds', ''), legend: 'p50' },
        { expr: quantile(0.99, 'outbox_publish_duration_seconds', ''), legend: 'p99' },
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
  {
    title: 'Processes',
    panels: [
      timeseries('Memory', 'bytes', 'Resident memory by process', {
        expr: 'process_resident_memory_bytes{job="services"}',
        legend: '{{service}} {{instance}}',
      }),
      timeseries('Event loop lag, p99', 's', 'Above 0.1 the process is overloaded', {
        expr: 'nodejs_eventloop_lag_p99_seconds{job="services"}',
        legend: '{{service}} {{instance}}',
      }),
      timeseries('Postgres connections', 'short', 'If any callers are waiting, the pool is the bottleneck', {
        expr: 'sum by (state) (postgres_pool_connections)',
        legend: '{{state}}',
      }),
    ],
  },
]

export const dashboard = grafanaDashboard({ uid: 'lockstep', title: 'Lockstep', rows })

/** The file that Grafana reads. */
export const dashboardFile = {
  path: new URL('../grafana/dashboards/lockstep.json', import.meta.url),
  text: `${JSON.stringify(dashboard, undefined, 2)}\n`,
}

/** Every query with its panel's title, in a form that Prometheus accepts: over the last minute. */
export const dashboardQueries = rows.flatMap(({ panels }) =>
  panels.flatMap(({ title, queries }) =>
    queries.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '1m') })),
  ),
)
