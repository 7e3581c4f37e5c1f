import { grafanaDashboard, type Row } from './panels.ts'
import { pipelineRows } from './pipeline-rows.ts'
import { quantile, stat, timeseries } from './queries.ts'
import { requestRows } from './request-rows.ts'

/**
 * The dashboard of both services: traffic, errors, and how far the read models are behind. Every query returns data
 * after the first traffic, even if the counted event has never occurred: an empty panel would look like a broken
 * dashboard.
 */
const rows: readonly Row[] = [
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
  ...requestRows,
  ...pipelineRows,
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
