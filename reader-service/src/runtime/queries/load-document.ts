import { setTimeout as sleep } from 'node:timers/promises'
import type { Lease } from './load-item.ts'

/** The permission to store a document, and the time and the change marker that hold before the store is read. */
export type DocumentLease = Lease & { readonly marker: string; readonly madeAt: Date }

export type DocumentRead =
  | { kind: 'hit'; json: string; ageMs: number }
  | { kind: 'lease'; lease: DocumentLease }
  /** Another query makes the document. */
  | { kind: 'leased' }
  /** The cache is closed or paused, or it did not respond in time. */
  | { kind: 'bypass' | 'error' }

/** The documents of one generation in the cache. Never rejects. */
export type DocumentCache = {
  read: (name: string) => Promise<DocumentRead>
  /** Stores the document if the lease is still valid. */
  fill: (lease: DocumentLease, json: string) => Promise<void>
}

export type DocumentMetrics = { documentRead: (result: 'made' | 'cached' | 'bypass' | 'error') => void }

export type LoadedDocument = { json: string; ageMs: number; document: 'made' | 'cached' }

/** `make` reads the store; it rejects with the errors of the store, and then so does the load. */
export type LoadDocument = (name: string, make: (madeAt: Date) => Promise<string>) => Promise<LoadedDocument>

/** After this long without the document of another query, a query makes one for itself. Making takes a few ms. */
const WAIT_MS = 300
const POLL_MS = 10

/**
 * Concurrent queries make a document once: in several processes the cache gives the lease to one of them, while the
 * others wait for its document. A process also shares its own work, and the result for as long as the lag, so that it
 * reads the store once per lag while the cache does not respond. Each query reads the cache itself, because a document
 * that was young enough for one query can be too old for a later one.
 */
export function documentLoader(ports: {
  cache: DocumentCache
  metrics: DocumentMetrics
  /** The most by which a document may be older than the last change. Work that began earlier is not shared. */
  maxLagMs: number
}): LoadDocument {
  const { cache, metrics, maxLagMs } = ports
  /** What this process has made, the oldest first. */
  const recent = new Map<string, Made>()
  const isRecent = ({ startedAt }: Made) => performance.now() - startedAt < maxLagMs

  function start(
    name: string,
    lease: DocumentLease | undefined,
    make: (madeAt: Date) => Promise<string>,
  ): Promise<string> {
    for (const [old, made] of recent) {
      if (isRecent(made)) break
      recent.delete(old)
    }
    const startedAt = performance.now()
    const json = make(lease?.madeAt ?? new Date()).then(async (made) => {
      // Before the response, so that a query that begins after it finds the document.
      if (lease) await cache.fill(lease, made)
      return made
    })
    recent.delete(name)
    recent.set(name, { startedAt, json })
    json.catch(() => {
      if (recent.get(name)?.json === json) recent.delete(name)
    })
    return json
  }

  return async (name, make) => {
    for (const end = performance.now() + WAIT_MS; ; await sleep(POLL_MS)) {
      const read = await cache.read(name)
      if (read.kind === 'hit') {
        metrics.documentRead('cached')
        return { json: read.json, ageMs: read.ageMs, document: 'cached' }
      }
      const shared = read.kind === 'lease' ? undefined : recent.get(name)
      if (shared && isRecent(shared)) {
        const json = await shared.json
        metrics.documentRead('cached')
        return { json, ageMs: Math.round(performance.now() - shared.startedAt), document: 'cached' }
      }
      if (read.kind === 'leased' && performance.now() < end) continue
      metrics.documentRead(read.kind === 'bypass' || read.kind === 'error' ? read.kind : 'made')
      const json = await start(name, read.kind === 'lease' ? read.lease : undefined, make)
      return { json, ageMs: 0, document: 'made' }
    }
  }
}

type Made = { startedAt: number; json: Promise<string> }
