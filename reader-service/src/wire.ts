import { randomUUID } from 'node:crypto'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { requestLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { adminApp } from '@lockstep/core/http/admin.ts'
import { createHttpApp, refuseOtherMethods } from '@lockstep/core/http/app.ts'
import { serveApiDocs } from '@lockstep/core/http/docs.ts'
import { serveHttp } from '@lockstep/core/http/server.ts'
import { channelCredentials } from '@lockstep/core/grpc/channel.ts'
import { serveGrpc } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { grpcTls } from '@lockstep/core/grpc/settings.ts'
import { groupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { openRedis, openRedisSubscriber } from '@lockstep/core/redis/client.ts'
import { createMetrics } from '@lockstep/core/telemetry/metrics.ts'
import { startTracing } from '@lockstep/core/telemetry/tracing.ts'
import { readerApi } from './api.ts'
import type { readerSettings } from './config.ts'
import { readerMetrics } from './metrics.ts'
import { loadFromModels } from './ops/app/load-from-models.ts'
import { workOnGenerations, type RebuildPorts } from './ops/app/rebuild-worker.ts'
import { askModels, runModels, type RunningModels } from './ops/app/running-models.ts'
import { grpcWriterStates } from './ops/outbound/grpc/writer-states.ts'
import { kafkaGenerationGroups } from './ops/outbound/kafka/generation-groups.ts'
import { mongoGenerationData } from './ops/outbound/mongo/generation-data.ts'
import { mongoGenerationRegistry } from './ops/outbound/mongo/generation-registry.ts'
import { getProduct } from './product/app/get-product.ts'
import type { AppliedHints, ProductFinder } from './product/app/ports.ts'
import { searchProducts } from './product/app/search-products.ts'
import { versionHints } from './product/app/version-hints.ts'
import { productQueriesService } from './product/inbound/grpc/product-queries.ts'
import { productRoutes } from './product/inbound/http/product-routes.ts'
import { listenForHints, redisAppliedHints } from './product/outbound/redis/applied-hints.ts'
import { openModel, type Model } from './wire-model.ts'
import { wireOperators } from './wire-operators.ts'

/** The whole reader. What is acquired first is released last. */
export async function wire(context: ServiceContext<typeof readerSettings>, scope: AsyncDisposableStack) {
  const { config, log, draining } = context
  const registry = createMetrics()
  const metrics = readerMetrics(registry)
  scope.use(
    startTracing({ service: 'lockstep-reader', endpoint: config.OTLP_ENDPOINT, ratio: config.TRACE_RATIO }),
  )

  // MongoDB: the read model.
  const mongo = scope.use(openMongo({ url: config.MONGO_URL, appName: 'lockstep-reader' }))

  // Redis: the cache and the hints. A query gives up early; the projection, which nobody waits for, later.
  const redis = {
    url: config.REDIS_URL,
    tlsCaFile: config.REDIS_TLS_CA_FILE,
    onError: (err: Error) => log.debug({ err }, 'Redis connection'),
  }
  const forQueries = scope.use(openRedis({ ...redis, commandTimeoutMs: config.READER_CACHE_TIMEOUT_MS }))
  const forProjection = scope.use(
    openRedis({ ...redis, commandTimeoutMs: config.READER_CACHE_WRITE_TIMEOUT_MS }),
  )
  // Called once the models below are there: what they apply is announced, and those who wait ask them.
  const finder: ProductFinder = {
    find: (id) => askModels(models.seen, ({ active }) => active.finder.find(id)),
    versions: (ids) => askModels(models.seen, ({ active }) => active.finder.versions(ids)),
    search: (query) => askModels(models.seen, ({ active }) => active.finder.search(query)),
  }
  const hints = versionHints(finder)
  const otherReplicas = redisAppliedHints(forProjection)
  const announce: AppliedHints['announce'] = (states) => {
    states.forEach(hints.notify)
    otherReplicas.announce(states)
  }
  const subscriber = scope.use(openRedisSubscriber(redis))
  listenForHints(subscriber.redis, hints.notify)

  // The read models that are fed, one of which queries see.
  const kafka = kafkaClientSettings(config, 'lockstep-reader')
  const writer = scope.use(
    grpcWriterStates({
      address: config.READER_WRITER_GRPC,
      credentials: channelCredentials({
        caFile: config.READER_WRITER_TLS_CA_FILE,
        certFile: config.READER_WRITER_TLS_CERT_FILE,
        keyFile: config.READER_WRITER_TLS_KEY_FILE,
      }),
    }),
  )
  const generations = mongoGenerationRegistry(mongo.db)
  const groups = kafkaGenerationGroups(groupOffsets(kafka, log))
  const data = mongoGenerationData(mongo.db)
  const take: RebuildPorts['take'] = async (number, states) => {
    const { active } = models.seen()
    if (active.number === number) return active.take(states)
    throw new AppError('unavailable', `It is not known here yet that queries see read model ${number}`)
  }
  const rebuilding = { registry: generations, groups, data, take, writer, log }
  const replica = randomUUID()
  const modelParts = { mongo, forQueries, forProjection, kafka, announce, metrics, registry }
  const models: RunningModels<Model> = scope.use(
    runModels({
      registry: generations,
      open: (number) => openModel(context, modelParts, number),
      pollMs: 1_000,
      onActive: metrics.activeModel,
      work: (stop) => workOnGenerations(rebuilding, replica, stop),
      log,
    }),
  )

  // The use cases.
  const queries = {
    getProduct: getProduct({
      load: loadFromModels(models.seen),
      hints,
      metrics,
      limits: {
        maxWaitMs: config.READER_MIN_VERSION_WAIT_MS,
        maxWaiters: config.READER_MAX_WAITERS,
        rememberedIds: config.READER_REMEMBERED_IDS,
      },
    }),
    searchProducts: searchProducts(finder),
  }

  // What comes in. Readiness asks for MongoDB only: without Redis queries are slower, without Kafka older.
  const host = config.READER_HOST
  const checkReady = async () => {
    await mongo.ping()
    models.seen()
  }
  const admin = adminApp({ metrics: registry, draining, checkReady })
  const adminPort = config.READER_ADMIN_PORT
  scope.use(await serveHttp({ app: admin, host, port: adminPort, draining, stopWithinMs: 1_000 }))

  const admit = requestLimit({ limit: config.READER_MAX_IN_FLIGHT, metrics: registry })
  const grpcService = grpcServices({ log, metrics: registry, admit, draining })
  const forOperators = {
    grpcService,
    kafka,
    forProjection,
    models,
    registry: generations,
    groups,
    writer,
    metrics,
  }
  const operators = wireOperators(context, forOperators, scope)
  scope.use(
    await serveGrpc({
      host,
      port: config.READER_GRPC_PORT,
      tls: grpcTls(config),
      services: [productQueriesService(grpcService, queries), ...operators],
      descriptors: contractDescriptors,
      draining,
    }),
  )

  const app = createHttpApp({ log, metrics: registry, admit })
  productRoutes(app, queries)
  serveApiDocs(app, readerApi)
  refuseOtherMethods(app)
  scope.use(await serveHttp({ app, host, port: config.READER_HTTP_PORT, draining }))
}
