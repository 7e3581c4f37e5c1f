import { isDeepStrictEqual } from 'node:util'
import { orUnavailable } from '../or-unavailable.ts'
import type { AuditedCache, Items, SourceState, StoredEntry } from '../read-model.ts'
import { entryKey } from './cache-entry.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'
import type { CacheConnection } from './cache-scripts.ts'

/** The cache as an audit reads and repairs it. */
export function redisAuditedCache(options: {
  connection: CacheConnection
  collection: string
  epoch: Pick<CacheEpochWatch, 'refresh'>
  items: Items
}): AuditedCache {
  const { connection, collection, epoch, items } = options

  /** Undefined while the cache is closed. */
  async function keys(): Promise<((id: string) => string) | undefined> {
    const { number, open } = await epoch.refresh()
    if (!open) return undefined
    return (id) => {
      const key = entryKey(connection, { collection, epoch: number }, id)
      if (key === undefined) throw new Error('there is no connection')
      return key
    }
  }

  return {
    find: (ids) =>
      fromRedis(async () => {
        const keyOf = await keys()
        if (!keyOf) return undefined
        const reads = connection.redis.pipeline()
        for (const id of ids) reads.hmget(keyOf(id), 'version', 'body')
        const entries = new Map<string, StoredEntry>()
        const replies = ids.length > 0 ? ((await reads.exec()) ?? []) : []
        for (const [index, [error, reply]] of replies.entries()) {
          if (error) throw error
          const [version, body] = reply as (string | null)[]
          const id = ids[index]!
          // Without a version it is a lease.
          if (typeof version === 'string') entries.set(id, entryOf(items, id, Number(version), body ?? ''))
        }
        return entries
      }),
    remove: (id) =>
      fromRedis(async () => {
        const keyOf = await keys()
        if (keyOf) await connection.redis.del(keyOf(id))
      }),
  }
}

function entryOf(items: Items, id: string, version: number, body: string): StoredEntry {
  return {
    id,
    version,
    differences(state: SourceState) {
      const expectedItem = items.ofState(state)
      if (body === items.encode(expectedItem)) return []
      try {
        const cached: Record<string, unknown> = { ...items.decode(id, version, body) }
        const expected: Record<string, unknown> = { ...expectedItem }
        const fields = new Set([...Object.keys(cached), ...Object.keys(expected)])
        const differ = [...fields].filter((field) => !isDeepStrictEqual(cached[field], expected[field]))
        return differ.length > 0 ? differ.toSorted() : ['the order of its fields']
      } catch {
        return ['the whole entry, which cannot be decoded']
      }
    },
  }
}

function fromRedis<T>(work: () => Promise<T>): Promise<T> {
  return orUnavailable('The cache cannot be reached', work)
}
