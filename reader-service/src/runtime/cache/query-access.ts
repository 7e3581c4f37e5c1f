import { entryKey, type CacheConnection } from './cache-entries.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'

/** So that a cache that times out does not delay every query: after so many failures in a row, a pause. */
const FAILURES_BEFORE_PAUSE = 3
const PAUSE_MS = 500

/** How queries reach the cache of one generation. */
type QueryAccess = {
  /** The key of an entry in the current epoch; undefined if queries must not use the cache. */
  currentKey: (id: string) => string | undefined
  /** The same; also undefined during a pause. */
  readKey: (id: string) => string | undefined
  /** Undefined if it failed. */
  attempt: <T>(work: () => Promise<T>) => Promise<T | undefined>
}

export function queryAccess(options: {
  connection: CacheConnection
  collection: string
  epoch: Pick<CacheEpochWatch, 'current'>
}): QueryAccess {
  const { connection, collection, epoch } = options
  let failures = 0
  let pausedUntil = 0

  const currentKey = (id: string) => {
    const number = epoch.current()
    return number === undefined ? undefined : entryKey(connection, { collection, epoch: number }, id)
  }

  return {
    currentKey,
    readKey: (id) => (performance.now() < pausedUntil ? undefined : currentKey(id)),
    async attempt(work) {
      try {
        const result = await work()
        failures = 0
        return result
      } catch {
        failures += 1
        if (failures >= FAILURES_BEFORE_PAUSE) pausedUntil = performance.now() + PAUSE_MS
        return undefined
      }
    },
  }
}
