import { randomUUID } from 'node:crypto'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { limitConcurrency, requestLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { channelCredentials } from '@lockstep/core/grpc/channel.ts'
import { serveGrpc, grpcTls } from '@lockstep/core/grpc/server.ts'
import { grpcServices, type GrpcService } from '@lockstep/core/grpc/service.ts'
import { adminApp } from '@lockstep/core/http/admin.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { serveApiDocs } from '@lockstep/core/http/swagger-ui.ts'
import { serveHttp } from '@lockstep/core/http/server.ts'
import { groupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import { connectProducer } from '@lockstep/core/kafka/producer/producer.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { deadLettersService } from '@lockstep/core/operators/dead-letters-service.ts'
import { openRedis, openRedisSubscriber } from '@lockstep/core/redis/client.ts'
import { createMetrics } from '@lockstep/core/telemetry/metrics.ts'
import { startTracing } from '@lockstep/core/telemetry/tracing.ts'
import type { readerSettings } from './config.ts'
import { readModelsNamed } from './read-models.ts'
import { auditMetrics } from './runtime/audit/measured-audit.ts'
import { startScheduledAudit } from './runtime/audit/scheduled-audit.ts'
import { readerApi } from './api.ts'
import { readModelsService } from './runtime/operators/read-models-service.ts'
import { readerMetrics } from './runtime/reader-metrics.ts'
import { connectWriterStates } from './runtime/rebuild/grpc-writer-states.ts'
import { runReadModel } from './runtime/run-read-model.ts'
import { startScheduledSnapshots } from './runtime/snapshots/scheduled-snapshots.ts'
import { serveReadModels } from './runtime/serve-read-models.ts'

/** The whole reader. What is acquired first is released last. */
export async function wire(context: ServiceContext<typeof readerSettings>, scope: AsyncDisposableStack) {
  const { config, log, draining } = context
  const registry = createMetrics()
  const metrics = {
    ...readerMetrics(registry),
    ...auditMetrics(registry),
  }
  scope.use(
    startTracing({
      service: 'lockstep-reader',
      endpoint: config.OTLP_ENDPOINT,
      ratio: config.TRACE_RATIO,
      maxPerSecond: config.TRACE_MAX_PER_SECOND,
      log,
      metrics: registry,
    }),
  )

  // Connections, shared by all read models.
  const mongo = scope.use(openMongo({ url: config.MONGO_URL, appName: 'lockstep-reader' }))
  const redis = {
    url: config.REDIS_URL,
    tlsCaFile: config.REDIS_TLS_CA_FILE,
    onError: (err: Error) => log.debug({ err }, 'Redis connection'),
  }
  const cacheOfQueries = scope.use(openRedis({ ...redis, commandTimeoutMs: config.READER_CACHE_TIMEOUT_MS }))
  const cacheOfProjection = scope.use(
    openRedis({ ...redis, commandTimeoutMs: config.READER_CACHE_WRITE_TIMEOUT_MS }),
  )
  const { redis: subscriber } = scope.use(openRedisSubscriber(redis))
  const kafka = kafkaClientSettings(config, 'lockstep-reader')
  const writer = scope.use(
    connectWriterStates({
      address: config.READER_WRITER_GRPC,
      credentials: channelCredentials({
        caFile: config.READER_WRITER_TLS_CA_FILE,
        certFile: config.READER_WRITER_TLS_CERT_FILE,
        keyFile: config.READER_WRITER_TLS_KEY_FILE,
      }),
    }),
  )
  const offsets = groupOffsets(kafka, log)
  const connections = { mongo, kafka, cacheOfQueries, cacheOfProjection, subscriber, offsets, writer }

  // The read models.
  const waits = limitConcurrency({
    limit: config.READER_MAX_WAITERS,
    onChange: metrics.waiters,
    detail: 'Too many queries wait for a version',
  })
  const parts = { context, connections, replica: randomUUID(), waits, metrics, registry }
  const chosen = readModelsNamed(config.READER_READ_MODELS)
  const running = chosen.map((readModel) => scope.use(runReadModel(parts, readModel)))
  const byName = new Map(running.map((each) => [each.readModel.name, each]))
  const { READER_AUDIT_EVERY_MS: everyMs, READER_AUDIT_PRODUCTS_PER_SECOND: documentsPerSecond } = config
  if (everyMs > 0) {
    const audits = new Map(running.map(({ readModel, audit }) => [readModel.name, audit]))
    scope.use(startScheduledAudit({ audits, everyMs, documentsPerSecond, log }))
  }
  if (config.READER_SNAPSHOT_EVERY_MS > 0) {
    scope.use(
      startScheduledSnapshots({
        snapshots: new Map(running.map(({ readModel, snapshots }) => [readModel.name, snapshots.save])),
        everyMs: config.READER_SNAPSHOT_EVERY_MS,
        folder: config.READER_SNAPSHOT_DIR,
        kept: config.READER_SNAPSHOTS_KEPT,
        log,
      }),
    )
  }

  // Inbound. Readiness needs MongoDB only: without Redis queries are slower, without Kafka the read models are older.
  const listening = { host: config.READER_HOST, draining, idleTimeoutMs: config.HTTP_IDLE_TIMEOUT_MS }
  const checkReady = async () => {
    await mongo.ping()
    for (const { active } of running) active()
  }
  const admin = adminApp({ metrics: registry, draining, checkReady })
  const adminPort = config.READER_ADMIN_PORT
  scope.use(await serveHttp({ ...listening, app: admin, port: adminPort, stopWithinMs: 1_000 }))

  const admit = requestLimit({ limit: config.READER_MAX_IN_FLIGHT, metrics: registry })
  const grpcService = grpcServices({ log, metrics: registry, admit, draining })
  const served = serveReadModels(running)
  const services: GrpcService[] = served.flatMap(({ grpc }) => grpc(grpcService) ?? [])
  if (config.OPS_API) {
    const producer = scope.use(connectProducer(kafka, log))
    services.push(
      deadLettersService(grpcService, { kafka, log, producer }),
      readModelsService(grpcService, byName),
    )
  }
  scope.use(
    await serveGrpc({
      host: config.READER_HOST,
      port: config.READER_GRPC_PORT,
      tls: grpcTls(config),
      services,
      descriptors: contractDescriptors,
      draining,
    }),
  )

  const app = createHttpApp({ log, metrics: registry, admit })
  for (const { routes } of served) routes(app)
  serveApiDocs(app, readerApi)
  scope.use(await serveHttp({ ...listening, app, port: config.READER_HTTP_PORT }))
}
