import { openRedis, type RedisConnection } from '@lockstep/core/redis/client.ts'
import { vi } from 'vitest'
import type { GenerationWatch } from '../product/outbound/redis/cache-generation.ts'

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

/** For tests: a generation that is always open. */
export function openGeneration(number: number): Omit<GenerationWatch, typeof Symbol.asyncDispose> {
  return {
    usable: () => number,
    refresh: async () => ({ number, open: true }),
    close: async () => {},
    closedForMs: () => undefined,
  }
}

/** No two tests share entries. */
export const anyGeneration = () => Math.floor(Math.random() * 2 ** 40)
