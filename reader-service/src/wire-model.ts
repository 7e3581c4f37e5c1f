import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import type { Mongo } from '@lockstep/core/mongo/client.ts'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Collection } from 'mongodb'
import type { Registry } from 'prom-client'
import type { readerSettings } from './config.ts'
import type { ReaderMetrics } from './metrics.ts'
import { namesOf } from './ops/app/model-generations.ts'
import { takeStates, type TakeStates } from './ops/app/take-states.ts'
import { productLoader, type LoadProduct } from './product/app/load-product.ts'
import type { AppliedHints, ProductFinder } from './product/app/ports.ts'
import { projectProducts } from './product/app/project-products.ts'
import { startProjection } from './product/inbound/kafka/projection.ts'
import { mongoGenerationStore } from './product/outbound/mongo/cache-generation-store.ts'
import { productCollection, type ProductDocument } from './product/outbound/mongo/product-document.ts'
import { mongoProductFinder } from './product/outbound/mongo/product-finder.ts'
import { mongoProjectionStore } from './product/outbound/mongo/projection-store.ts'
import { watchCacheGeneration, type GenerationWatch } from './product/outbound/redis/cache-generation.ts'
import { redisProductCache } from './product/outbound/redis/product-cache.ts'
import { redisProjectedCache } from './product/outbound/redis/projected-cache.ts'

/** One generation of the read model, fed from the topic until that is stopped or it is disposed of. */
export type Model = AsyncDisposable & {
  number: number
  products: Collection<ProductDocument>
  finder: ProductFinder
  load: LoadProduct
  take: TakeStates
  cacheGeneration: GenerationWatch
  stopFeeding: () => PromiseLike<void>
}

export type ModelParts = {
  mongo: Mongo
  forQueries: RedisConnection
  forProjection: RedisConnection
  kafka: KafkaSettings
  announce: AppliedHints['announce']
  metrics: ReaderMetrics
  registry: Registry
}

/** Its collection, cache and projection, on the connections of the service. */
export function openModel(
  { config, log, fail }: ServiceContext<typeof readerSettings>,
  parts: ModelParts,
  number: number,
): Model {
  const { mongo, forQueries, forProjection, kafka, announce, metrics, registry } = parts
  const scope = new AsyncDisposableStack()
  const { collection, group } = namesOf(number)
  const products = productCollection(mongo.db, collection)
  const finder = mongoProductFinder(products, { timeoutMs: config.READER_QUERY_TIMEOUT_MS })
  const cacheGeneration = scope.use(
    watchCacheGeneration({
      store: mongoGenerationStore(mongo.db, collection),
      refreshMs: 1_000,
      maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
      reopenAfterMs: config.READER_CACHE_REOPEN_AFTER_MS,
      cacheAnswers: () => answers(forProjection.redis.ping()),
      onChange: ({ number: generation, open }) => {
        metrics.cacheOpen(open)
        if (open) log.info({ generation }, 'the cache is open')
        else log.warn({ generation }, 'the cache is closed: its writes failed for too long')
      },
    }),
  )
  const ttlMs = config.READER_CACHE_TTL_MS
  const cache = redisProductCache({ connection: forQueries, generation: cacheGeneration, ttlMs })
  const projected = {
    store: mongoProjectionStore(products),
    cache: redisProjectedCache({
      connection: forProjection,
      generation: cacheGeneration,
      ttlMs,
      owedLimitMs: config.READER_CACHE_OWED_LIMIT_MS,
      maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
    }),
    hints: { announce },
  }
  const project = projectProducts({ ...projected, metrics })
  const projection = scope.use(startProjection({ kafka, log, registry, project, group }))
  void projection.failed.then(fail)
  return {
    number,
    products,
    finder,
    load: productLoader({ cache, finder, metrics }),
    take: takeStates(projected),
    cacheGeneration,
    stopFeeding: () => projection[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}

function answers(ping: Promise<unknown>): Promise<boolean> {
  return ping.then(
    () => true,
    () => false,
  )
}
