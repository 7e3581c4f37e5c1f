import { randomUUID } from 'node:crypto'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import { luaScript, runScript } from '@lockstep/core/redis/script.ts'
import type { CacheAnswer, ProductCache } from '../../app/ports.ts'
import { entryBody, entryState, jittered } from './cache-entry.ts'
import type { GenerationWatch } from './cache-generation.ts'

/**
 * The cache never answers with something that the model has overtaken, apart from the moment between the
 * projection's write of the model and its write of the cache:
 *
 * - An entry is made only by a fill, and a fill stores only if the lease that it took before it read the
 *   model is still there. A write of the projection, an eviction and a flush all destroy the lease.
 * - The projection replaces entries and never makes one. If it did, one that was held up between its two
 *   writes, and lost its partition meanwhile, could put its old state where a newer one was evicted.
 * - An entry that a crash between the two writes left old is removed when the event comes again.
 * - "No document" is not cached, so there is nothing to correct when a product appears.
 */
export const readOrLease = luaScript(new URL('read-or-lease.lua', import.meta.url))
export const fill = luaScript(new URL('fill.lua', import.meta.url))
export const removeOlder = luaScript(new URL('remove-older.lua', import.meta.url))

/** Long enough for a slow read of the model; when its holder died, nobody can fill until it is over. */
const LEASE_MS = 3_000

/** A cache that times out must not cost every query its time-out: so many in a row, then a pause. */
const FAILURES_BEFORE_PAUSE = 3
const PAUSE_MS = 500

export type CacheConnection = Pick<RedisConnection, 'redis' | 'serverRun'>

/** Undefined while there is no connection. The format is a part of it: releases may run side by side. */
export function entryKey(connection: CacheConnection, generation: number, id: string): string | undefined {
  const run = connection.serverRun()
  return run === undefined ? undefined : `lockstep:product:format1:${generation}:${run}:${id}`
}

export function redisProductCache(options: {
  connection: CacheConnection
  generation: Pick<GenerationWatch, 'usable'>
  ttlMs: number
}): ProductCache {
  const { connection, generation, ttlMs } = options
  const { redis } = connection
  let failures = 0
  let pausedUntil = 0

  const usableKey = (id: string) => {
    const number = generation.usable()
    return number === undefined ? undefined : entryKey(connection, number, id)
  }

  /** Undefined when it failed. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      const result = await work()
      failures = 0
      return result
    } catch {
      failures += 1
      if (failures >= FAILURES_BEFORE_PAUSE) pausedUntil = performance.now() + PAUSE_MS
      return undefined
    }
  }

  return {
    async read(id) {
      const key = performance.now() < pausedUntil ? undefined : usableKey(id)
      if (key === undefined) return { kind: 'bypass' }
      const token = randomUUID()
      const answer = await attempt(async (): Promise<CacheAnswer> => {
        const reply = await runScript(redis, { script: readOrLease, keys: [key], args: [token, LEASE_MS] })
        const [first, body] = reply as string[]
        if (body !== undefined) return { kind: 'hit', state: entryState(id, Number(first), body) }
        return first === token ? { kind: 'miss', lease: { key, token } } : { kind: 'miss' }
      })
      if (answer === undefined) return { kind: 'error' }
      // The generation may have been left, or what is known of it grown too old, while Redis answered.
      return usableKey(id) === key ? answer : { kind: 'bypass' }
    },

    async fill({ key, token }, state) {
      await attempt(() =>
        runScript(redis, {
          script: fill,
          keys: [key],
          args: [token, state.version, entryBody(state), jittered(ttlMs)],
        }),
      )
    },

    async removeOlder(id, version) {
      const key = usableKey(id)
      if (key === undefined) return
      await attempt(() => runScript(redis, { script: removeOlder, keys: [key], args: [version] }))
    },
  }
}
