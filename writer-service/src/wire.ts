import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { requestLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { adminApp } from '@lockstep/core/http/admin.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { serveApiDocs } from '@lockstep/core/http/swagger-ui.ts'
import { serveHttp } from '@lockstep/core/http/server.ts'
import { serveGrpc, grpcTls } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { createMetrics } from '@lockstep/core/telemetry/metrics.ts'
import { startTracing } from '@lockstep/core/telemetry/tracing.ts'
import { uuidV7 } from '@lockstep/core/text/uuid.ts'
import { aggregates } from './aggregates.ts'
import { writerApi } from './api.ts'
import type { writerSettings } from './config.ts'
import { checkAggregates } from './runtime/check-aggregate.ts'
import { batchMetric } from './runtime/commands/batch-metric.ts'
import { executeCommands } from './runtime/commands/execute-command.ts'
import { postgresEventStore } from './runtime/event-store/postgres-event-store.ts'
import { startResultExpiry } from './runtime/event-store/result-expiry.ts'
import { commandService } from './runtime/inbound/grpc/command-service.ts'
import { commandRoutes } from './runtime/inbound/http/command-routes.ts'
import { redirectReads } from './runtime/inbound/http/reader-redirects.ts'
import { outboxChannel } from './runtime/outbox/leader-session.ts'
import { watchOutboxLimit } from './runtime/outbox/outbox-limit.ts'
import { outboxMetrics } from './runtime/outbox/outbox-metrics.ts'
import { startOutboxRelay } from './runtime/outbox/relay.ts'
import { wireOperators } from './wire-operators.ts'

/** The whole writer. The servers come last, so that they stop first. */
export async function wire(context: ServiceContext<typeof writerSettings>, scope: AsyncDisposableStack) {
  const { config, log, draining } = context
  checkAggregates(aggregates)
  const metrics = createMetrics()
  scope.use(
    startTracing({
      service: 'lockstep-writer',
      endpoint: config.OTLP_ENDPOINT,
      ratio: config.TRACE_RATIO,
      maxPerSecond: config.TRACE_MAX_PER_SECOND,
      log,
      metrics,
    }),
  )

  const { pool } = scope.use(
    connectPostgres({
      url: config.POSTGRES_URL,
      poolSize: config.POSTGRES_POOL_SIZE,
      applicationName: 'lockstep-writer',
      log,
      metrics,
    }),
  )
  scope.use(startResultExpiry({ pool, retentionMs: config.WRITER_IDEMPOTENCY_RETENTION_MS, log }))
  const kafka = kafkaClientSettings(config, 'lockstep-writer')
  const producer = scope.use(connectProducer(kafka, log))
  const relay = scope.use(
    startOutboxRelay({
      postgresUrl: config.POSTGRES_URL,
      producer,
      notify: () => pool.query(`notify ${outboxChannel}`),
      metrics: outboxMetrics(pool, metrics),
      log,
    }),
  )

  const outboxLimit = scope.use(watchOutboxLimit({ pool, limit: config.WRITER_OUTBOX_LIMIT, log }))
  const execute = executeCommands({
    store: postgresEventStore(pool),
    now: () => new Date(),
    newAggregateId: () => uuidV7(),
    newEventId: () => uuidV7(),
    outboxIsFull: outboxLimit.reached,
    onCommitted: relay.wake,
    onBatch: batchMetric(metrics),
  })

  const listening = { host: config.WRITER_HOST, draining, idleTimeoutMs: config.HTTP_IDLE_TIMEOUT_MS }
  const checkReady = async () => void (await pool.query('select'))
  const admin = adminApp({ metrics, draining, checkReady })
  const adminPort = config.WRITER_ADMIN_PORT
  scope.use(await serveHttp({ ...listening, app: admin, port: adminPort, stopWithinMs: 1_000 }))

  const admit = requestLimit({ limit: config.WRITER_MAX_IN_FLIGHT, metrics })
  const limits = { timeLimitMs: config.WRITER_COMMAND_TIME_LIMIT_MS }
  const grpcService = grpcServices({ log, metrics, admit, draining })
  const commands = aggregates.map((aggregate) => commandService(grpcService, aggregate, execute, limits))
  const forOperators = {
    grpcService,
    kafka,
    pool,
    wakeRelay: relay.wake,
    outboxLimit: config.WRITER_OUTBOX_LIMIT,
    log,
  }
  const operators = config.OPS_API ? wireOperators(forOperators, scope) : []
  scope.use(
    await serveGrpc({
      host: config.WRITER_HOST,
      port: config.WRITER_GRPC_PORT,
      tls: grpcTls(config),
      services: [...commands, ...operators],
      descriptors: contractDescriptors,
      draining,
    }),
  )

  const app = createHttpApp({ log, metrics, admit })
  commandRoutes(app, aggregates, execute, limits)
  redirectReads(app, aggregates, config.WRITER_READER_URL)
  serveApiDocs(app, writerApi)
  scope.use(await serveHttp({ ...listening, app, port: config.WRITER_HTTP_PORT }))
}
