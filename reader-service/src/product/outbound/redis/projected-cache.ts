import { luaScript, runScripts, type ScriptCall } from '@lockstep/core/redis/script.ts'
import type { ProjectedCache, Settlement } from '../../app/ports.ts'
import { entryBody, jittered } from './cache-entry.ts'
import type { GenerationWatch } from './cache-generation.ts'
import { entryKey, removeOlder, type CacheConnection } from './product-cache.ts'

const replaceOlder = luaScript(new URL('replace-older.lua', import.meta.url))

/** Transient: the batch has to come again. */
export class CacheWritesOwed extends Error {
  override readonly name = 'CacheWritesOwed'
}

/** The cache writes of the projection, and what happens while they fail: see `cache-generation.ts`. */
export function redisProjectedCache(options: {
  connection: CacheConnection
  generation: Pick<GenerationWatch, 'refresh' | 'close' | 'closedForMs'>
  ttlMs: number
  /** A debt older than this closes the generation. */
  owedLimitMs: number
  /** How old the knowledge of a replica may be that still uses the cache. */
  maxAgeMs: number
}): ProjectedCache {
  const { connection, generation, ttlMs, owedLimitMs, maxAgeMs } = options
  /** When the cache write of an id first failed. */
  const owedSince = new Map<string, number>()

  async function write(number: number, settlements: readonly Settlement[]): Promise<void> {
    const calls = settlements.map(({ state, applied }): ScriptCall => {
      const key = entryKey(connection, number, state.id)
      if (key === undefined) throw new Error('Redis cannot be reached')
      return applied
        ? { script: replaceOlder, keys: [key], args: [state.version, entryBody(state), jittered(ttlMs)] }
        : { script: removeOlder, keys: [key], args: [state.version] }
    })
    await runScripts(connection.redis, calls)
  }

  return {
    async settle(settlements) {
      const { number, open } = await generation.refresh()
      if (!open) {
        if ((generation.closedForMs() ?? 0) <= maxAgeMs) {
          throw new CacheWritesOwed('The cache was closed; some replica may not know it yet')
        }
        owedSince.clear()
        return
      }
      try {
        await write(number, settlements)
        for (const { state } of settlements) owedSince.delete(state.id)
      } catch (cause) {
        const now = performance.now()
        let oldest = now
        for (const { state } of settlements) {
          const since = owedSince.get(state.id) ?? now
          owedSince.set(state.id, since)
          oldest = Math.min(oldest, since)
        }
        if (now - oldest > owedLimitMs) await generation.close(number)
        throw new CacheWritesOwed('The cache could not be written', { cause })
      }
    },
  }
}
