import { randomUUID } from 'node:crypto'
import { batchByTurn } from '@lockstep/core/async/batch-by-turn.ts'
import type { EncodedItem } from '../queries/definition.ts'
import type { CacheRead, ItemCache, Lease } from '../queries/load-item.ts'
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
  // A command of its own for each key costs both sides several times as much, even in a pipeline.
  const get = batchByTurn((keys: readonly string[]) => redis.mget(...keys))
  const takeLease = batchByTurn(async (leases: readonly Lease[]) => {
    const sets = redis.pipeline()
    for (const { key, token } of leases) sets.set(key, leaseText(token), 'PX', LEASE_MS, 'NX', 'GET')
    return resultsOf<string | null>(await sets.exec())
  })
  const fillEntry = batchByTurn(async (entries: readonly (Lease & EncodedItem)[]) => {
    const fills = redis.pipeline()
    for (const { key, token, version, json } of entries) {
      fills.fillEntry(key, leaseText(token), version, json, jittered(ttlMs))
    }
    return resultsOf<number>(await fills.exec())
  })
  const { currentKey, readKey, attempt } = queryAccess(options)

  async function lease(key: string): Promise<CacheRead> {
    const token = randomUUID()
    const other = await takeLease({ key, token })
    return other === null ? { kind: 'miss', lease: { key, token } } : hitOrMiss(other)
  }

  return {
    async read(id) {
      const key = readKey(id)
      if (key === undefined) return { kind: 'bypass' }
      const found = await attempt(async () => {
        const text = await get(key)
        return text === null ? lease(key) : hitOrMiss(text)
      })
      if (found === undefined) return { kind: 'error' }
      // While Redis responded, the epoch may have changed, or what is known about it may have become too old.
      return currentKey(id) === key ? found : { kind: 'bypass' }
    },

    async fill(held, item) {
      await attempt(() => fillEntry({ ...held, ...item }))
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

/** The results of a pipeline. Throws the first error of a command. */
function resultsOf<T>(outcomes: [error: Error | null, result: unknown][] | null): T[] {
  return (outcomes ?? []).map(([error, result]) => {
    if (error) throw error
    return result as T
  })
}
