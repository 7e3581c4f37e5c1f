import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import type { Mongo } from '@lockstep/core/mongo/client.ts'
import type { readerSettings } from '../config.ts'
import { redisAuditedCache } from './cache/audited-cache.ts'
import type { CacheConnection } from './cache/cache-entries.ts'
import { mongoCacheEpoch, watchCacheEpoch } from './cache/cache-epoch.ts'
import { redisDocumentCache } from './cache/document-cache.ts'
import { redisItemCache } from './cache/item-cache.ts'
import { redisProjectedCache } from './cache/projected-cache.ts'
import type { ProjectedCache } from './projection/project-events.ts'
import type { ItemFinder } from './queries/item-finder.ts'
import { documentLoader, type LoadDocument } from './queries/load-document.ts'
import { itemLoader, type LoadItem } from './queries/load-item.ts'
import type { AuditedCache, Items } from './read-model.ts'
import type { ReadModelMetrics } from './reader-metrics.ts'

export type CacheConnections = {
  mongo: Mongo
  /** With a short time limit. */
  cacheOfQueries: CacheConnection
  /** With a longer time limit: no caller waits for it. */
  cacheOfProjection: CacheConnection
}

/** The cache of one generation, as its projection, its queries and its audits use it. */
export type GenerationCache = {
  projected: ProjectedCache
  audited: AuditedCache
  load: LoadItem
  document: LoadDocument
}

/** Of a read model without a cache. */
export const noCache: GenerationCache = {
  projected: { update: async () => {} },
  audited: { find: async () => new Map(), remove: async () => {} },
  load: () => Promise.reject(new Error('this read model has no items')),
  document: () => Promise.reject(new Error('this read model has no items')),
}

export function openCache(options: {
  context: ServiceContext<typeof readerSettings>
  connections: CacheConnections
  scope: AsyncDisposableStack
  readModel: string
  collection: string
  items: Items
  finder: Pick<ItemFinder, 'find'>
  metrics: ReadModelMetrics
}): GenerationCache {
  const { connections, scope, readModel, collection, items, finder, metrics } = options
  const { config, log } = options.context
  const { mongo, cacheOfQueries, cacheOfProjection } = connections
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
        if (open) log.info({ readModel, epoch: current }, 'the cache is open')
        else log.warn({ readModel, epoch: current }, 'the cache is closed: its writes failed for too long')
      },
    }),
  )
  const entries = { collection, epoch, items, ttlMs: config.READER_CACHE_TTL_MS }
  const maxLagMs = config.READER_TOP_MAX_LAG_MS
  return {
    projected: redisProjectedCache({
      ...entries,
      connection: cacheOfProjection,
      pendingLimitMs: config.READER_CACHE_OWED_LIMIT_MS,
      maxAgeMs: config.READER_CACHE_MAX_AGE_MS,
    }),
    audited: redisAuditedCache({ ...entries, connection: cacheOfProjection }),
    load: itemLoader({
      cache: redisItemCache({ ...entries, connection: cacheOfQueries }),
      finder,
      items,
      metrics,
    }),
    document: documentLoader({
      cache: redisDocumentCache({ ...entries, connection: cacheOfQueries, maxLagMs }),
      metrics,
      maxLagMs,
    }),
  }
}
