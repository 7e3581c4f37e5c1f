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
 * Concurrent queries make a document once: in one process they share the load, and in several the cache gives the lease
 * to one of them while the others wait for its document.
 */
export function documentLoader(ports: {
  cache: DocumentCache
  metrics: DocumentMetrics
  /** The most by which a document may be older than the last change. A load that began earlier is not shared. */
  maxLagMs: number
}): LoadDocument {
  const { cache, metrics, maxLagMs } = ports
  const loads = new Map<string, { startedAt: number; result: Promise<LoadedDocument> }>()

  async function load(name: string, make: (madeAt: Date) => Promise<string>): Promise<LoadedDocument> {
    let read = await cache.read(name)
    for (const end = performance.now() + WAIT_MS; read.kind === 'leased' && performance.now() < end;) {
      await sleep(POLL_MS)
      read = await cache.read(name)
    }
    if (read.kind === 'hit') {
      metrics.documentRead('cached')
      return { json: read.json, ageMs: read.ageMs, document: 'cached' }
    }
    metrics.documentRead(read.kind === 'bypass' || read.kind === 'error' ? read.kind : 'made')
    const lease = read.kind === 'lease' ? read.lease : undefined
    const json = await make(lease?.madeAt ?? new Date())
    // Before the response, so that a query that begins after it finds the document.
    if (lease) await cache.fill(lease, json)
    return { json, ageMs: 0, document: 'made' }
  }

  return async (name, make) => {
    const running = loads.get(name)
    if (running && performance.now() - running.startedAt < maxLagMs) {
      return { ...(await running.result), document: 'cached' }
    }
    const result = load(name, make).finally(() => {
      if (loads.get(name)?.result === result) loads.delete(name)
    })
    loads.set(name, { startedAt: performance.now(), result })
    return result
  }
}
