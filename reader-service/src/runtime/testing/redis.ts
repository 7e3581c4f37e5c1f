import { openRedis, type RedisConnection } from '@lockstep/core/redis/client.ts'
import { vi } from 'vitest'
import type { CacheEpochWatch } from '../cache/cache-epoch.ts'

/** For tests: a connection that is up. */
export async function connectedRedis(url: string, commandTimeoutMs = 1_000): Promise<RedisConnection> {
  const connection = openRedis({ url, tlsCaFile: '', commandTimeoutMs, onError: () => {} })
  await vi.waitFor(
    () => {
      if (connection.serverRun() === undefined) throw new Error('not connected')
    },
    { timeout: 60_000 },
  )
  return connection
}

/** For tests: an epoch that is always open. */
export function openEpoch(number = 1): Omit<CacheEpochWatch, typeof Symbol.asyncDispose> {
  return {
    current: () => number,
    refresh: async () => ({ number, open: true }),
    close: async () => {},
    closedForMs: () => undefined,
  }
}
