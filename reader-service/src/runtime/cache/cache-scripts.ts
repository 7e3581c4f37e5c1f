import { readFileSync } from 'node:fs'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Result } from 'ioredis'

/** The scripts as commands. ioredis sends a script again when the server does not have it, also in a pipeline. */
declare module 'ioredis' {
  interface RedisCommander<Context> {
    fillEntry(
      key: string,
      lease: string,
      version: number,
      body: string,
      ttlMs: number,
    ): Result<number, Context>
    replaceOlder(key: string, version: number, body: string, ttlMs: number): Result<number, Context>
    removeOlder(key: string, version: number): Result<number, Context>
  }
}

const script = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

const scripts = {
  fillEntry: script('fill.lua'),
  replaceOlder: script('replace-older.lua'),
  removeOlder: script('remove-older.lua'),
}

export type CacheConnection = Pick<RedisConnection, 'redis' | 'serverRun'>

/** May be repeated on the same connection. */
export function defineCacheScripts({ redis }: CacheConnection): void {
  for (const [name, lua] of Object.entries(scripts)) redis.defineCommand(name, { numberOfKeys: 1, lua })
}
