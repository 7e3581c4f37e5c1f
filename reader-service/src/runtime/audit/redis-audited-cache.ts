import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Redis } from 'ioredis'
import type { AuditedCache, SourceState, StoredEntry } from '../read-model.ts'

/** How the cache of a read model turns states into the bytes of its entries, and back. */
export type EntryFormat = {
  encode: (state: SourceState) => string
  /** The fields of an entry. Throws for bytes that `encode` did not produce. */
  fieldsOf: (id: string, version: number, body: string) => Record<string, unknown>
  expectedFields: (state: SourceState) => Record<string, unknown>
}

/** @param keys the keys of the current entries; undefined while the cache is closed. */
export function redisAuditedCache(options: {
  redis: Redis
  keys: () => Promise<((id: string) => string) | undefined>
  format: EntryFormat
}): AuditedCache {
  const { redis, keys, format } = options
  return {
    find: (ids) =>
      orUnavailable(async () => {
        const keyOf = await keys()
        if (!keyOf) return undefined
        const reads = redis.pipeline()
        for (const id of ids) reads.hmget(keyOf(id), 'version', 'body')
        const entries = new Map<string, StoredEntry>()
        const replies = ids.length > 0 ? ((await reads.exec()) ?? []) : []
        for (const [index, [error, reply]] of replies.entries()) {
          if (error) throw error
          const [version, body] = reply as (string | null)[]
          const id = ids[index]!
          // A key without a version is a lease.
          if (typeof version === 'string') entries.set(id, entryOf(format, id, Number(version), body ?? ''))
        }
        return entries
      }),
    remove: (id) =>
      orUnavailable(async () => {
        const keyOf = await keys()
        if (keyOf) await redis.del(keyOf(id))
      }),
  }
}

function entryOf(format: EntryFormat, id: string, version: number, body: string): StoredEntry {
  return {
    id,
    version,
    differences(expectedState) {
      if (body === format.encode(expectedState)) return []
      try {
        const actual = format.fieldsOf(id, version, body)
        const expected = format.expectedFields(expectedState)
        const names = new Set([...Object.keys(actual), ...Object.keys(expected)])
        const differ = [...names].filter((name) => String(actual[name]) !== String(expected[name]))
        return differ.length > 0 ? differ.toSorted() : ['the order of its fields']
      } catch {
        return ['the whole entry, which cannot be decoded']
      }
    },
  }
}

async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new AppError('unavailable', 'The cache cannot be reached', { cause: error })
  }
}
