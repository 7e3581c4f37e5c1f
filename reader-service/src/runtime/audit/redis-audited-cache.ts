import { AppError } from '@lockstep/core/errors/app-error.ts'
import { entryBody, entryState } from '../../product/outbound/redis/cache-entry.ts'
import type { GenerationWatch } from '../../product/outbound/redis/cache-generation.ts'
import { entryKey, type CacheConnection } from '../../product/outbound/redis/product-cache.ts'
import type { ProductState } from '../../product/domain/product.ts'
import type { AuditedCache, Held } from '../rebuild/writer-states.ts'

export function redisAuditedCache(options: {
  connection: CacheConnection
  generation: Pick<GenerationWatch, 'refresh'>
}): AuditedCache {
  const { connection, generation } = options

  /** Undefined while the cache is closed. */
  async function keyOf(): Promise<((id: string) => string) | undefined> {
    const { number, open } = await generation.refresh()
    if (!open) return undefined
    return (id) => {
      const key = entryKey(connection, number, id)
      if (key === undefined) throw new Error('there is no connection')
      return key
    }
  }

  return {
    find: (ids) =>
      answered(async () => {
        const key = await keyOf()
        if (!key) return undefined
        const reads = connection.redis.pipeline()
        for (const id of ids) reads.hmget(key(id), 'version', 'body')
        const held = new Map<string, Held>()
        const replies = ids.length > 0 ? ((await reads.exec()) ?? []) : []
        for (const [index, [error, reply]] of replies.entries()) {
          if (error) throw error
          const [version, body] = reply as (string | null)[]
          const id = ids[index]!
          // Without a version it is a lease.
          if (typeof version === 'string') held.set(id, heldEntry(id, Number(version), body ?? ''))
        }
        return held
      }),
    drop: (id) =>
      answered(async () => {
        const key = await keyOf()
        if (key) await connection.redis.del(key(id))
      }),
  }
}

function heldEntry(id: string, version: number, body: string): Held {
  return {
    id,
    version,
    differences(truth: ProductState) {
      if (body === entryBody(truth)) return []
      try {
        const held: Record<string, unknown> = entryState(id, version, body)
        const wanted: Record<string, unknown> = { ...truth }
        const fields = new Set([...Object.keys(held), ...Object.keys(wanted)])
        const differ = [...fields].filter((field) => String(held[field]) !== String(wanted[field]))
        return differ.length > 0 ? differ.toSorted() : ['the order of its fields']
      } catch {
        return ['the whole entry, which cannot be read']
      }
    },
  }
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new AppError('unavailable', 'The cache cannot be reached', { cause: error })
  }
}
