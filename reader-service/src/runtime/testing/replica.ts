import { limitConcurrency } from '@lockstep/core/async/limit-concurrency.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { openRedisSubscriber } from '@lockstep/core/redis/client.ts'
import { vi } from 'vitest'
import { redisAuditedCache } from '../cache/audited-cache.ts'
import { entryKey } from '../cache/cache-entries.ts'
import { redisDocumentCache } from '../cache/document-cache.ts'
import { redisItemCache } from '../cache/item-cache.ts'
import { redisProjectedCache } from '../cache/projected-cache.ts'
import { arrivalsOf } from '../projection/arrivals.ts'
import { projectEvents } from '../projection/project-events.ts'
import { documentLoader } from '../queries/load-document.ts'
import { itemLoader } from '../queries/load-item.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import type { ReadDocument } from '../queries/top-list.ts'
import type { DocumentReadModel, SourceState } from '../read-model.ts'
import { getItem } from '../versions/get-item.ts'
import { servedVersions } from '../versions/served-versions.ts'
import { publishVersions, subscribeToVersions } from '../versions/redis-version-notifications.ts'
import { versionNotifications } from '../versions/version-notifications.ts'
import { waitForVersion } from '../versions/wait-for-version.ts'
import { connectedRedis, openEpoch } from './redis.ts'

export const ttlMs = 60_000
export const maxLagMs = 300

export type Replica = Awaited<ReturnType<typeof openReplica>>

/** For tests: a read model on real servers, as one replica has it, without Kafka. */
export async function openReplica(
  readModel: DocumentReadModel,
  { mongoUrl, redisUrl, collection }: { mongoUrl: string; redisUrl: string; collection: string },
) {
  await using scope = new AsyncDisposableStack()
  const mongo = scope.use(openMongo({ url: mongoUrl, appName: 'test' }))
  const connection = scope.use(await connectedRedis(redisUrl))
  const { redis: subscriber } = scope.use(
    openRedisSubscriber({ url: redisUrl, tlsCaFile: '', onError: () => {} }),
  )
  const { items } = readModel
  const epoch = openEpoch()
  const store = readModel.openStore(mongo.db, collection)
  const finder = readModel.openFinder(mongo.db, collection, { timeoutMs: 5_000 })
  const entries = { connection, collection, epoch, items, ttlMs }
  const cache = redisItemCache(entries)
  const projectedCache = redisProjectedCache({ ...entries, pendingLimitMs: 1_000, maxAgeMs: 1_000 })
  const documentCache = redisDocumentCache({ ...entries, maxLagMs })
  const notifications = versionNotifications(finder)
  const notified = vi.fn(notifications.notify)
  subscribeToVersions(subscriber, readModel.name, notified)
  const metrics = {
    cacheRead: vi.fn(),
    documentRead: vi.fn(),
    waited: vi.fn(),
    projected: vi.fn(),
    becameReadable: vi.fn(),
  }
  const load = documentLoader({ cache: documentCache, metrics, maxLagMs })
  const document: ReadDocument = (name, make) => load(name, (madeAt) => make(finder, madeAt))
  const get = getItem({
    noun: 'item',
    load: itemLoader({ cache, finder, items, metrics }),
    served: servedVersions(100),
    wait: waitForVersion({
      notifications,
      waits: limitConcurrency({ limit: 100 }),
      maxWaitMs: 10_000,
      metrics,
    }),
  })
  const project = projectEvents({
    readModel: readModel.name,
    store,
    cache: projectedCache,
    onStored: (states) => arrivalsOf(items, states).forEach(notifications.notify),
    notify: publishVersions(connection, readModel.name),
    metrics,
  })
  const kept = scope.move()
  return {
    db: mongo.db,
    redis: connection.redis,
    collection,
    items,
    store,
    finder,
    cache,
    projectedCache,
    auditedCache: redisAuditedCache(entries),
    notified,
    metrics,
    get,
    document,
    documentCache,
    queries: readModelQueries(readModel, { finder, getItem: get, document }),
    keyOf: (id: string) => entryKey(connection, { collection, epoch: epoch.current()! }, id)!,
    project: (...states: SourceState[]) =>
      project(
        states.map((state) => ({ eventId: crypto.randomUUID(), occurredAt: new Date(), state })),
        1,
      ),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
