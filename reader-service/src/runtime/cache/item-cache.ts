import { randomUUID } from 'node:crypto'
import type { CacheRead, ItemCache } from '../queries/load-item.ts'
import { batchedGet } from '@lockstep/core/redis/batched-get.ts'
import {
  jittered,
  LEASE_MS,
  leaseText,
  parseEntry,
  defineCacheScripts,
  type CacheConnection,
} from './cache-entries.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'
import { queryAccess } from './query-access.ts'

/**
 * The cache as queries use it. Apart from the moment between the projection's two writes, an entry is never older than
 * the store:
 *
 * - Only a fill creates an entry, and only while the lease that it took before it read the store is valid. A write of
 *   the projection, an eviction and a flush end the lease.
 * - The projection replaces entries and never creates one. Otherwise a projector that is delayed between its two writes
 *   and loses its partition could put an old state where a newer entry was evicted (ADR 6).
 * - An entry that a crash between the two writes left behind is removed when the event is redelivered.
 * - "No document" is not cached, so nothing must be corrected when a document appears.
 */
export function redisItemCache(options: {
  connection: CacheConnection
  collection: string
  epoch: Pick<CacheEpochWatch, 'current'>
  ttlMs: number
}): ItemCache {
  const { connection, ttlMs } = options
  const { redis } = connection
  defineCacheScripts(connection)
  const get = batchedGet(redis)
  const { currentKey, usableKey, attempt } = queryAccess(options)

  async function lease(key: string): Promise<CacheRead> {
    const token = randomUUID()
    const other = await redis.set(key, leaseText(token), 'PX', LEASE_MS, 'NX', 'GET')
    return other === null ? { kind: 'miss', lease: { key, token } } : hitOrMiss(other)
  }

  return {
    async read(id) {
      const key = usableKey(id)
      if (key === undefined) return { kind: 'bypass' }
      const found = await attempt(async () => {
        const text = await get(key)
        return text === null ? lease(key) : hitOrMiss(text)
      })
      if (found === undefined) return { kind: 'error' }
      // While Redis responded, the epoch may have changed, or what is known about it may have become too old.
      return currentKey(id) === key ? found : { kind: 'bypass' }
    },

    async fill({ key, token }, { version, json }) {
      await attempt(() => redis.fillEntry(key, leaseText(token), version, json, jittered(ttlMs)))
    },

    async removeOlder(id, version) {
      const key = currentKey(id)
      if (key !== undefined) await attempt(() => redis.removeOlder(key, version))
    },
  }
}

/** What a key has: an entry, or the lease of another query. */
function hitOrMiss(text: string): CacheRead {
  const item = parseEntry(text)
  return item ? { kind: 'hit', item } : { kind: 'miss' }
}
