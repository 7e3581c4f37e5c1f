import { readFileSync } from 'node:fs'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { Result } from 'ioredis'
import type { EncodedItem } from '../queries/definition.ts'

/** The entries of the cache: their keys, their content, and the scripts that write them. */

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
    /** The keys, then version, body and lifetime in ms of each. */
    replaceOlder(keys: number, ...values: (string | number)[]): Result<number, Context>
    removeOlder(key: string, version: number): Result<number, Context>
    readDocument(
      key: string,
      marker: string,
      token: string,
      leaseMs: number,
      lagMs: number,
      markerTtlMs: number,
    ): Result<[string, string?, number?], Context>
  }
}

const script = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')

const scripts = {
  fillEntry: { numberOfKeys: 1, lua: script('fill.lua') },
  replaceOlder: { lua: script('replace-older.lua') },
  removeOlder: { numberOfKeys: 1, lua: script('remove-older.lua') },
  readDocument: { numberOfKeys: 2, lua: script('read-document.lua') },
}

export type CacheConnection = Pick<RedisConnection, 'redis' | 'serverRun'>

/** May be repeated on the same connection. */
export function defineCacheScripts({ redis }: CacheConnection): void {
  for (const [name, definition] of Object.entries(scripts)) redis.defineCommand(name, definition)
}

/** The entries of one generation of a read model: its collection and its current epoch are in every key. */
export type EntrySpace = { collection: string; epoch: number }

/**
 * Undefined while there is no connection. The key also has the run id of the server, so that entries which a restart
 * from a snapshot brings back are not used, and the format, because two releases may run side by side.
 */
export function entryKey(
  connection: CacheConnection,
  { collection, epoch }: EntrySpace,
  id: string,
): string | undefined {
  const run = connection.serverRun()
  return run === undefined ? undefined : `lockstep:${collection}:format2:${epoch}:${run}:${id}`
}

/** In the place of an id: the key whose value is another one after each change of the store. */
export const CHANGES = 'changes'

/** Long enough for a slow read of the store. If the query with the lease fails, the entry stays empty until then. */
export const LEASE_MS = 3_000

/** Up to a tenth shorter, so that entries that were created together do not expire together. */
export function jittered(ttlMs: number): number {
  return Math.ceil(ttlMs * (1 - Math.random() / 10))
}

/** The content of a key while a query with this token may fill it. */
export const leaseText = (token: string): string => `lease ${token}`

/** What the scripts store: the version, a space and the item. Undefined for a lease. */
export function parseEntry(text: string): EncodedItem | undefined {
  const space = text.indexOf(' ')
  const version = Number(text.slice(0, space))
  return Number.isNaN(version) ? undefined : { version, json: text.slice(space + 1) }
}
