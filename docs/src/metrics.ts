import { requestLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { consumerMetrics } from '@lockstep/core/kafka/consumer/consumer-metrics.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { droppedSpans } from '@lockstep/core/telemetry/span-export.ts'
import { auditMetrics } from '@lockstep/reader-service/runtime/audit/measured-audit.ts'
import { readerMetrics } from '@lockstep/reader-service/runtime/reader-metrics.ts'
import { batchMetric } from '@lockstep/writer-service/runtime/commands/batch-metric.ts'
import { outboxMetrics } from '@lockstep/writer-service/runtime/outbox/outbox-metrics.ts'
import { Registry } from 'prom-client'
import { code, table } from './markdown.ts'

/** The fields that prom-client stores for a metric; its own type omits the labels. */
type Metric = { name: string; help: string; labelNames?: readonly string[]; constructor: { name: string } }

const log = createLog({ service: 'docs', level: 'fatal' })

/** The tables of docs/metrics.md, from the functions that the services call. Nothing here opens a connection. */
export function metricTables(): Record<'both' | 'writer' | 'reader', string> {
  const both = new Registry()
  const admit = requestLimit({ limit: 1, metrics: both })
  createHttpApp({ log, metrics: both, admit })
  grpcServices({ log, metrics: both, admit })
  droppedSpans(both)

  const writer = new Registry()
  const { pool } = connectPostgres({
    url: 'postgres://127.0.0.1:1/none',
    poolSize: 1,
    applicationName: 'docs',
    log,
    metrics: writer,
  })
  outboxMetrics(pool, writer)
  batchMetric(writer)

  const reader = new Registry()
  consumerMetrics(reader)
  readerMetrics(reader)
  auditMetrics(reader)
  return { both: metricTable(both), writer: metricTable(writer), reader: metricTable(reader) }
}

function metricTable(registry: Registry): string {
  const metrics = registry.getMetricsAsArray() as unknown as Metric[]
  const rows = metrics
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, help, labelNames = [], constructor }) => [
      code(name),
      constructor.name.toLowerCase(),
      labelNames.map(code).join(', '),
      help,
    ])
  return table(['Metric', 'Type', 'Labels', 'Meaning'], rows)
}
