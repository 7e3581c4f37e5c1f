import { grafanaDashboard, type Panel, type Query, type Row, type Unit } from './panels.ts'

/**
 * The one dashboard: what goes in, what goes wrong, and how far the read model is behind. Every query gives
 * data as soon as there was some traffic, also while the thing it counts has never happened: an empty panel
 * would look like a fault of the dashboard.
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

/** 0 while the counter has no series: prom-client shows one with labels only after its first count. */
const orZero = (expr: string) => `${expr} or vector(0)`

/** Share of calls whose label says a fault of ours; 0 while there are calls and none is one. */
const faultShare = (calls: string, fault: string) =>
  `(${rate(`${calls}{${fault}}`, 'service')} or 0 * ${rate(calls, 'service')}) / ${rate(calls, 'service')}`

const http = 'http_server_request_duration_seconds'
const grpc = 'grpc_server_call_duration_seconds'
const httpFaults = 'status=~"5.."'
const grpcFaults = 'code=~"INTERNAL|UNAVAILABLE|UNKNOWN|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED"'

const rows: Row[] = [
  {
    title: 'Now',
    panels: [
      stat(
        'Services up',
        'short',
        'Processes of both services that can be scraped',
        'sum(up{job="services"})',
      ),
      stat(
        'Oldest unpublished event',
        's',
        'Near 0; grows while Kafka is away',
        'max(outbox_oldest_entry_age_seconds)',
      ),
      stat(
        'Consumer lag',
        'short',
        'Records the read model has still to take',
        'sum(kafka_consumer_lag_records)',
      ),
      stat(
        'Write to readable, p99',
        's',
        'From the event to the read model having it',
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
        'HTTP 5xx, and the gRPC codes that mean a fault of ours; the log has each with its request id',
        { expr: faultShare(`${http}_count`, httpFaults), legend: '{{service}} HTTP' },
        { expr: faultShare(`${grpc}_count`, grpcFaults), legend: '{{service}} gRPC' },
      ),
      timeseries('HTTP answers', 'reqps', '4xx are refusals: the callers are at fault', {
        expr: rate(`${http}_count`, 'service, status'),
        legend: '{{service}} {{status}}',
      }),
      timeseries('gRPC answers', 'reqps', 'By code', {
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
        'Median and 99th percentile by method; a query with min_version waits up to its limit',
        { expr: quantile(0.5, grpc, 'method'), legend: '{{method}} p50' },
        { expr: quantile(0.99, grpc, 'method'), legend: '{{method}} p99' },
      ),
      timeseries(
        'Write to readable',
        's',
        'From the moment an event occurred until the read model had it',
        { expr: quantile(0.5, 'reader_write_to_readable_seconds', ''), legend: 'p50' },
        { expr: quantile(0.99, 'reader_write_to_readable_seconds', ''), legend: 'p99' },
      ),
    ],
  },
  {
    title: 'Outbox',
    panels: [
      timeseries('Entries', 'short', 'Near 0; what grows is not lost, but not published', {
        // Every writer measures the same table.
        expr: 'max(outbox_entries)',
        legend: 'entries',
      }),
      timeseries('Published events', 'ops', 'Acknowledged by the broker, repeats included', {
        expr: rate('outbox_published_events_total', 'service'),
        legend: 'events',
      }),
      timeseries(
        'Publishing one batch',
        's',
        'Until all in-sync replicas have it',
        { expr: quantile(0.5, 'outbox_publish_duration_seconds', ''), legend: 'p50' },
        { expr: quantile(0.99, 'outbox_publish_duration_seconds', ''), legend: 'p99' },
      ),
      timeseries('Relays', 'short', '1: the writer that holds the lock; 0 means that nothing is published', {
        expr: 'sum(outbox_relay_holder)',
        legend: 'holders',
      }),
    ],
  },
  {
    title: 'Projection',
    panels: [
      timeseries('Consumer lag', 'short', 'Records not yet finished, by partition', {
        expr: 'sum by (group, topic, partition) (kafka_consumer_lag_records)',
        legend: '{{topic}} {{partition}}',
      }),
      timeseries(
        'Records',
        'ops',
        'Handled, or given up to the error topic',
        { expr: rate('kafka_consumer_records_total', 'group, outcome'), legend: '{{group}} {{outcome}}' },
        { expr: rate('reader_projection_events_total', 'result'), legend: 'events {{result}}' },
      ),
      timeseries(
        'Trouble',
        'ops',
        'Transient: a dependency is away and the batch comes again. Permanent: look at the error topic',
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
      timeseries('Drift', 'short', 'What the last audit found; pnpm lockstep audit tells which products', {
        expr: orZero('sum(reader_audit_drift_products)'),
        legend: 'products',
      }),
    ],
  },
  {
    title: 'Cache and waits',
    panels: [
      timeseries('Cache reads', 'ops', 'Error and bypass: Redis is slow or away, MongoDB answers', {
        expr: rate('reader_cache_reads_total', 'result'),
        legend: '{{result}}',
      }),
      timeseries('Hit ratio', 'percentunit', 'Hits among all reads', {
        expr: [
          '(sum(rate(reader_cache_reads_total{result="hit"}[$__rate_interval])) or vector(0))',
          'sum(rate(reader_cache_reads_total[$__rate_interval]))',
        ].join(' / '),
        legend: 'hits',
      }),
      timeseries('Cache open', 'short', '0: its writes failed for too long, so all replicas go past it', {
        expr: 'min(reader_cache_open)',
        legend: 'open',
      }),
      timeseries(
        'Waits for a version',
        'ops',
        'Queries with min_version that the read model did not have at once',
        { expr: rate('reader_min_version_waits_total', 'result'), legend: '{{result}}' },
      ),
    ],
  },
  {
    title: 'Processes',
    panels: [
      timeseries('Memory', 'bytes', 'Resident', {
        expr: 'process_resident_memory_bytes{job="services"}',
        legend: '{{service}} {{instance}}',
      }),
      timeseries('Event loop lag, p99', 's', 'Above 0.1 the process has more to do than it can', {
        expr: 'nodejs_eventloop_lag_p99_seconds{job="services"}',
        legend: '{{service}} {{instance}}',
      }),
      timeseries('Postgres connections', 'short', 'Waiting above 0: the pool is the bottleneck', {
        expr: 'sum by (state) (postgres_pool_connections)',
        legend: '{{state}}',
      }),
    ],
  },
]

export const dashboard = grafanaDashboard({ uid: 'lockstep', title: 'Lockstep', rows })

/** The text of the file that Grafana reads. */
export const dashboardFile = {
  path: new URL('../grafana/dashboards/lockstep.json', import.meta.url),
  text: `${JSON.stringify(dashboard, undefined, 2)}\n`,
}

/** Every query with its panel's title, as Prometheus takes it: over the last minute. */
export const dashboardQueries = rows.flatMap(({ panels }) =>
  panels.flatMap(({ title, queries }) =>
    queries.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '1m') })),
  ),
)
