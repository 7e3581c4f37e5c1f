import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { admission } from '@lockstep/core/concurrency/admission.ts'
import { adminApp } from '@lockstep/core/http/admin.ts'
import { createHttpApp, refuseOtherMethods } from '@lockstep/core/http/app.ts'
import { serveApiDocs } from '@lockstep/core/http/docs.ts'
import { serveHttp } from '@lockstep/core/http/server.ts'
import { serveGrpc } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { grpcTls } from '@lockstep/core/grpc/settings.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/settings.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { openRedis, openRedisSubscriber } from '@lockstep/core/redis/client.ts'
import { createMetrics } from '@lockstep/core/telemetry/metrics.ts'
import { startTracing } from '@lockstep/core/telemetry/tracing.ts'
import { readerApi } from './api.ts'
import type { readerSettings } from './config.ts'
import { readerMetrics } from './metrics.ts'
import { getProduct } from './product/app/get-product.ts'
import { productLoader } from './product/app/load-product.ts'
import type { AppliedHints } from './product/app/ports.ts'
import { projectProducts } from './product/app/project-products.ts'
import { searchProducts } from './product/app/search-products.ts'
import { versionHints } from './product/app/version-hints.ts'
import { productQueriesService } from './product/inbound/grpc/product-queries.ts'
import { productRoutes } from './product/inbound/http/product-routes.ts'
import { startProjection } from './product/inbound/kafka/projection.ts'
import { mongoGenerationStore } from './product/outbound/mongo/cache-generation-store.ts'
import { productCollection } from './product/outbound/mongo/product-document.ts'
import { mongoProductFinder } from './product/outbound/mongo/product-finder.ts'
import { mongoProjectionStore } from './product/outbound/mongo/projection-store.ts'
import { listenForHints, redisAppliedHints } from './product/outbound/redis/applied-hints.ts'
import { watchCacheGeneration } from './product/outbound/redis/cache-generation.ts'
import { redisProductCache } from './product/outbound/redis/product-cache.ts'
import { redisProjectedCache } from './product/outbound/redis/projected-cache.ts'
import { wireOperators } from './wire-operators.ts'

/** The whole reader. What is acquired first is released last. */
export async function wire(context: ServiceContext<typeof readerSettings>, scope: AsyncDisposableStack) {
  const { config, log, draining, fail } = context
  const registry = createMetrics()
  const metrics = readerMetrics(registry)
  scope.use(
    startTracing({ service: 'lockstep-reader', endpoint: config.OTLP_ENDPOINT, ratio: config.TRACE_RATIO }),
  )

  // MongoDB: the read model.
  const mongo = scope.use(openMongo({ url: config.MONGO_URL, appName: 'lockstep-reader' }))
  const products = productCollection(mongo.db)
  const finder = mongoProductFinder(products, { timeoutMs: config.READER_QUERY_TIMEOUT_MS })

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
  const generation = scope.use(
    watchCacheGeneration({
      store: mongoGenerationStore(mongo.db),
      refreshMs: 1_000,
      maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
      reopenAfterMs: config.READER_CACHE_REOPEN_AFTER_MS,
      cacheAnswers: () => answers(forProjection.redis.ping()),
      onChange: ({ number, open }) => {
        metrics.cacheOpen(open)
        if (open) log.info({ generation: number }, 'the cache is open')
        else log.warn({ generation: number }, 'the cache is closed: its writes failed for too long')
      },
    }),
  )
  const ttlMs = config.READER_CACHE_TTL_MS
  const cache = redisProductCache({ connection: forQueries, generation, ttlMs })
  const projectedCache = redisProjectedCache({
    connection: forProjection,
    generation,
    ttlMs,
    owedLimitMs: config.READER_CACHE_OWED_LIMIT_MS,
    maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
  })
  const hints = versionHints(finder)
  const otherReplicas = redisAppliedHints(forProjection)
  const announce: AppliedHints['announce'] = (states) => {
    states.forEach(hints.notify)
    otherReplicas.announce(states)
  }
  const subscriber = scope.use(openRedisSubscriber(redis))
  listenForHints(subscriber.redis, hints.notify)

  // The use cases.
  const queries = {
    getProduct: getProduct({
      load: productLoader({ cache, finder, metrics }),
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
  const project = projectProducts({
    store: mongoProjectionStore(products),
    cache: projectedCache,
    hints: { announce },
    metrics,
  })

  // What comes in. Readiness asks for MongoDB only: without Redis queries are slower, without Kafka older.
  const host = config.READER_HOST
  const admin = adminApp({ metrics: registry, draining, checkReady: mongo.ping })
  scope.use(await serveHttp({ app: admin, host, port: config.READER_ADMIN_PORT, draining }))

  const kafka = kafkaClientSettings(config, 'lockstep-reader')
  const projection = scope.use(startProjection({ kafka, log, registry, project }))
  void projection.failed.then(fail)

  const admit = admission({ limit: config.READER_MAX_IN_FLIGHT, metrics: registry })
  const grpcService = grpcServices({ log, metrics: registry, admit, draining })
  const forOperators = { grpcService, kafka, products, forProjection, generation, metrics }
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

function answers(ping: Promise<unknown>): Promise<boolean> {
  return ping.then(
    () => true,
    () => false,
  )
}
