import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import type { Mongo } from '@lockstep/core/mongo/client.ts'
import type { Registry } from 'prom-client'
import type { readerSettings } from '../config.ts'
import { redisAuditedCache } from './cache/audited-cache.ts'
import type { CacheConnection } from './cache/cache-entries.ts'
import { mongoCacheEpoch, watchCacheEpoch } from './cache/cache-epoch.ts'
import { redisItemCache } from './cache/item-cache.ts'
import { redisProjectedCache } from './cache/projected-cache.ts'
import { startProjection } from './projection/consume-events.ts'
import { projectEvents } from './projection/project-events.ts'
import type { ItemFinder } from './queries/item-finder.ts'
import { itemLoader, type LoadItem } from './queries/load-item.ts'
import type { AuditedCache, ReadModel, ReadModelStore, SourceState } from './read-model.ts'
import type { ReadModelMetrics } from './reader-metrics.ts'
import { generationNames } from './rebuild/generations.ts'

/** One generation of a read model. It consumes the source topic until it is disposed of. */
export type OpenGeneration = AsyncDisposable & {
  number: number
  store: ReadModelStore
  finder: ItemFinder
  load: LoadItem
  auditedCache: AuditedCache
}

export type Connections = {
  mongo: Mongo
  kafka: KafkaSettings
  /** With a short time limit. */
  cacheOfQueries: CacheConnection
  /** With a longer time limit: no caller waits for it. */
  cacheOfProjection: CacheConnection
}

/** The store, cache and projection of a generation, on the connections of the service. */
export function openGeneration(options: {
  context: ServiceContext<typeof readerSettings>
  connections: Connections
  readModel: ReadModel
  number: number
  notify: (states: readonly SourceState[]) => void
  metrics: ReadModelMetrics
  registry: Registry
}): OpenGeneration {
  const { context, connections, readModel, number, notify, metrics, registry } = options
  const { config, log, fail } = context
  const { mongo, kafka, cacheOfQueries, cacheOfProjection } = connections
  const { name, items } = readModel
  const { collection, group } = generationNames(name, number)
  const scope = new AsyncDisposableStack()

  const store = readModel.openStore(mongo.db, collection)
  const finder = readModel.openFinder(mongo.db, collection, { timeoutMs: config.READER_QUERY_TIMEOUT_MS })
  const epoch = scope.use(
    watchCacheEpoch({
      store: mongoCacheEpoch(mongo.db, collection),
      refreshMs: 1_000,
      maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
      reopenAfterMs: config.READER_CACHE_REOPEN_AFTER_MS,
      cacheResponds: () =>
        cacheOfProjection.redis.ping().then(
          () => true,
          () => false,
        ),
      onChange: ({ number: current, open }) => {
        metrics.cacheOpen(open)
        if (open) log.info({ readModel: name, epoch: current }, 'the cache is open')
        else
          log.warn({ readModel: name, epoch: current }, 'the cache is closed: its writes failed for too long')
      },
    }),
  )
  const entries = { collection, epoch, items, ttlMs: config.READER_CACHE_TTL_MS }
  const cache = redisItemCache({ ...entries, connection: cacheOfQueries })
  const projectedCache = redisProjectedCache({
    ...entries,
    connection: cacheOfProjection,
    pendingLimitMs: config.READER_CACHE_OWED_LIMIT_MS,
    maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
  })
  const project = projectEvents({ readModel: name, store, cache: projectedCache, notify, metrics })
  const projection = scope.use(startProjection({ kafka, log, registry, group, readModel, project }))
  void projection.failed.then(fail)

  return {
    number,
    store,
    finder,
    load: itemLoader({ cache, finder, items, metrics }),
    auditedCache: redisAuditedCache({ ...entries, connection: cacheOfProjection }),
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}
