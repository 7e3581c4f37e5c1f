import { readFileSync } from 'node:fs'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Result } from 'ioredis'

/** The scripts as commands. ioredis sends a script again when the server does not have it, also in a pipeline. */
declare module 'ioredis' {
  interface RedisCommander<Context> {
    readOrLease(key: string, token: string, leaseMs: number): Result<string[], Context>
    fillEntry(
      key: string,
      token: string,
      version: number,
      body: string,
      ttlMs: number,
    ): Result<number, Context>
    /** The keys, then version, body and lifetime in ms of each. */
    replaceOlder(keys: number, ...values: (string | number)[]): Result<number, Context>
    removeOlder(key: string, version: number): Result<number, Context>
  }
}

const script = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

const scripts = {
  readOrLease: { numberOfKeys: 1, lua: script('read-or-lease.lua') },
  fillEntry: { numberOfKeys: 1, lua: script('fill.lua') },
  replaceOlder: { lua: script('replace-older.lua') },
  removeOlder: { numberOfKeys: 1, lua: script('remove-older.lua') },
}

export type CacheConnection = Pick<RedisConnection, 'redis' | 'serverRun'>

/** May be repeated on the same connection. */
export function defineCacheScripts({ redis }: CacheConnection): void {
  for (const [name, definition] of Object.entries(scripts)) redis.defineCommand(name, definition)
}
