import { randomUUID } from 'node:crypto'
import type { DocumentCache, DocumentRead } from '../queries/load-document.ts'
import {
  CHANGES,
  defineCacheScripts,
  jittered,
  LEASE_MS,
  leaseText,
  type CacheConnection,
} from './cache-entries.ts'
import type { CacheEpochWatch } from './cache-epoch.ts'
import { queryAccess } from './query-access.ts'

/**
 * Documents that queries make of many items (ADR 19). Each contains the change marker of the time before the store was
 * read. The projection replaces the marker after each write of the store, so one small write makes all documents
 * unreachable. A marker is random and never returns: if it is evicted, a new one takes its place.
 */
export function redisDocumentCache(options: {
  connection: CacheConnection
  collection: string
  epoch: Pick<CacheEpochWatch, 'current'>
  ttlMs: number
  maxLagMs: number
}): DocumentCache {
  const { connection, ttlMs, maxLagMs } = options
  const { redis } = connection
  defineCacheScripts(connection)
  const { currentKey, readKey, attempt } = queryAccess(options)

  return {
    async read(name) {
      const key = readKey(name)
      const markerKey = currentKey(CHANGES)
      if (key === undefined || markerKey === undefined) return { kind: 'bypass' }
      const token = randomUUID()
      const found = await attempt(() =>
        redis.readDocument(key, markerKey, token, LEASE_MS, maxLagMs, jittered(ttlMs)),
      )
      if (found === undefined) return { kind: 'error' }
      // While Redis responded, the epoch may have changed, or what is known about it may have become too old.
      if (currentKey(name) !== key) return { kind: 'bypass' }
      return readOf(found, { key, token })
    },

    async fill({ key, token, marker, madeAt }, json) {
      const body = `${marker} ${json}`
      await attempt(() => redis.fillEntry(key, leaseText(token), madeAt.getTime(), body, jittered(ttlMs)))
    },
  }
}

/** What the script returns: its kind, then a text and a number of milliseconds. */
function readOf(
  [kind, text = '', ms = 0]: [string, string?, number?],
  lease: { key: string; token: string },
): DocumentRead {
  if (kind === 'hit') return { kind, json: text, ageMs: ms }
  if (kind === 'lease') return { kind, lease: { ...lease, marker: text, madeAt: new Date(ms) } }
  return { kind: 'leased' }
}
