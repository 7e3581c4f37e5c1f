import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { requestLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { adminApp } from '@lockstep/core/http/admin.ts'
import { createHttpApp, refuseOtherMethods } from '@lockstep/core/http/app.ts'
import { serveApiDocs } from '@lockstep/core/http/docs.ts'
import { serveHttp } from '@lockstep/core/http/server.ts'
import { serveGrpc } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { grpcTls } from '@lockstep/core/grpc/settings.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { createMetrics } from '@lockstep/core/telemetry/metrics.ts'
import { startTracing } from '@lockstep/core/telemetry/tracing.ts'
import { v7 as uuidv7 } from 'uuid'
import { writerApi } from './api.ts'
import type { writerSettings } from './config.ts'
import { executeCommandOn } from './product/app/execute-command.ts'
import { productCommandsService } from './product/inbound/grpc/product-commands.ts'
import { productRoutes } from './product/inbound/http/product-routes.ts'
import { watchOutboxLimit } from './product/outbound/outbox/outbox-limit.ts'
import { outboxMetrics } from './product/outbound/outbox/outbox-metrics.ts'
import { startOutboxRelay } from './product/outbound/outbox/relay.ts'
import { outboxChannel } from './product/outbound/outbox/relay-session.ts'
import { postgresCommandResults } from './product/outbound/postgres/command-results.ts'
import { postgresProductStore } from './product/outbound/postgres/product-store.ts'
import { startResultExpiry } from './product/outbound/postgres/result-expiry.ts'
import { wireOperators } from './wire-operators.ts'

/** The whole writer. Servers come last, so that they stop first. */
export async function wire(context: ServiceContext<typeof writerSettings>, scope: AsyncDisposableStack) {
  const { config, log, draining } = context
  const metrics = createMetrics()
  scope.use(
    startTracing({ service: 'lockstep-writer', endpoint: config.OTLP_ENDPOINT, ratio: config.TRACE_RATIO }),
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
  const execute = executeCommandOn({
    store: postgresProductStore(pool),
    results: postgresCommandResults(pool),
    now: () => new Date(),
    newProductId: () => uuidv7(),
    newEventId: () => uuidv7(),
    outboxIsFull: outboxLimit.reached,
    onCommitted: relay.wake,
  })
  const timeLimitMs = config.WRITER_COMMAND_TIME_LIMIT_MS

  const checkReady = async () => void (await pool.query('select'))
  const host = config.WRITER_HOST
  const admin = adminApp({ metrics, draining, checkReady })
  const adminPort = config.WRITER_ADMIN_PORT
  scope.use(await serveHttp({ app: admin, host, port: adminPort, draining, stopWithinMs: 1_000 }))

  const admit = requestLimit({ limit: config.WRITER_MAX_IN_FLIGHT, metrics })
  const grpcService = grpcServices({ log, metrics, admit, draining })
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
      host,
      port: config.WRITER_GRPC_PORT,
      tls: grpcTls(config),
      services: [productCommandsService(grpcService, execute, { timeLimitMs }), ...operators],
      descriptors: contractDescriptors,
      draining,
    }),
  )

  const app = createHttpApp({ log, metrics, admit })
  productRoutes(app, execute, { timeLimitMs })
  serveApiDocs(app, writerApi)
  refuseOtherMethods(app)
  scope.use(await serveHttp({ app, host, port: config.WRITER_HTTP_PORT, draining }))
}
