import { isDeepStrictEqual } from 'node:util'
import type { EncodedItem } from '../queries/definition.ts'
import { orUnavailable } from '../or-unavailable.ts'
import type { AuditedCache, Items, SourceState, StoredEntry } from '../read-model.ts'
import { CHANGES, entryKey, parseEntry, type CacheConnection } from './cache-entries.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'

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
        const entries = new Map<string, StoredEntry>()
        const texts = ids.length > 0 ? await connection.redis.mget(ids.map(keyOf)) : []
        for (const [index, text] of texts.entries()) {
          const found = text === null ? undefined : parseEntry(text)
          const id = ids[index]!
          if (found) entries.set(id, entryOf(items, id, found))
        }
        return entries
      }),
    remove: (id) =>
      fromRedis(async () => {
        const keyOf = await keys()
        // Without a marker, no document counts as made after the last change.
        if (keyOf) await connection.redis.del(keyOf(id), keyOf(CHANGES))
      }),
  }
}

function entryOf(items: Items, id: string, { version, json }: EncodedItem): StoredEntry {
  return {
    id,
    version,
    differences(state: SourceState) {
      const expectedItem = items.ofState(state)
      if (json === items.encode(expectedItem)) return []
      try {
        const cached: Record<string, unknown> = { ...items.decode(id, version, json) }
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
