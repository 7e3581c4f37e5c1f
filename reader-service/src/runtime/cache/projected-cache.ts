import { randomUUID } from 'node:crypto'
import type { GatedState, ProjectedCache } from '../projection/project-events.ts'
import type { Items } from '../read-model.ts'
import { CHANGES, entryKey, jittered, defineCacheScripts, type CacheConnection } from './cache-entries.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'

/** Transient: the batch is redelivered, and its invalidations are repeated. */
export class InvalidationsPending extends Error {
  override readonly name = 'InvalidationsPending'
}

/** A script delays the reads of queries while it runs: 100 keys take about 0.3 ms. */
const KEYS_PER_CALL = 100

/** The cache writes of the projection, and what happens while they fail: see `cache-epoch.ts`. */
export function redisProjectedCache(options: {
  connection: CacheConnection
  collection: string
  epoch: Pick<CacheEpochWatch, 'current' | 'refresh' | 'close' | 'closedForMs'>
  items: Pick<Items, 'ofState' | 'encode'>
  ttlMs: number
  /** An invalidation that is pending for longer closes the epoch. */
  pendingLimitMs: number
  /** The greatest age of what a replica knows about the epoch while it uses the cache. */
  maxAgeMs: number
}): ProjectedCache {
  const { connection, collection, epoch, items, ttlMs, pendingLimitMs, maxAgeMs } = options
  defineCacheScripts(connection)
  /** When the cache write of an id first failed. */
  const pendingSince = new Map<string, number>()

  /**
   * One round trip: a script call for the applied states, one for each superseded state, and a new change marker. An
   * attempt that failed may have changed the store, so superseded states replace the marker too.
   */
  async function write(number: number, states: readonly GatedState[]): Promise<void> {
    const keyOf = (id: string) => {
      const key = entryKey(connection, { collection, epoch: number }, id)
      if (key === undefined) throw new Error('Redis cannot be reached')
      return key
    }
    const writes = connection.redis.pipeline()
    const keys: string[] = []
    const replacements: (string | number)[] = []
    for (const { state, applied } of states) {
      const key = keyOf(state.id)
      if (applied) {
        keys.push(key)
        replacements.push(state.version, items.encode(items.ofState(state)), jittered(ttlMs))
      } else writes.removeOlder(key, state.version)
    }
    for (let from = 0; from < keys.length; from += KEYS_PER_CALL) {
      const some = keys.slice(from, from + KEYS_PER_CALL)
      writes.replaceOlder(some.length, ...some, ...replacements.slice(3 * from, 3 * (from + KEYS_PER_CALL)))
    }
    writes.set(keyOf(CHANGES), randomUUID(), 'PX', ttlMs)
    for (const [error] of (await writes.exec()) ?? []) if (error) throw error
  }

  /** Undefined if no query will use the cache before it has read the store again. */
  async function openEpoch(): Promise<number | undefined> {
    const known = epoch.current()
    if (known !== undefined) return known
    const { number, open } = await epoch.refresh()
    if (open) return number
    if ((epoch.closedForMs() ?? 0) <= maxAgeMs) {
      throw new InvalidationsPending('The cache was closed; a replica may not have read that yet')
    }
    return undefined
  }

  return {
    async update(states) {
      const number = await openEpoch()
      if (number === undefined) return pendingSince.clear()
      try {
        await write(number, states)
        for (const { state } of states) pendingSince.delete(state.id)
      } catch (cause) {
        const now = performance.now()
        let oldest = now
        for (const { state } of states) {
          const since = pendingSince.get(state.id) ?? now
          pendingSince.set(state.id, since)
          oldest = Math.min(oldest, since)
        }
        if (now - oldest > pendingLimitMs) await epoch.close(number)
        throw new InvalidationsPending('The cache could not be written', { cause })
      }
    },
  }
}
