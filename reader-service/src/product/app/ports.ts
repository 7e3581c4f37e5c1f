import type { PagePosition } from '../domain/page-token.ts'
import type { Product, ProductState } from '../domain/product.ts'

/** The read model as queries use it. Rejects with an AppError: `unavailable` or `deadline_exceeded`. */
export type ProductFinder = {
  find: (id: string) => Promise<ProductState | undefined>
  /** The versions that the model holds of these ids; an id that it never had is left out. */
  versions: (ids: readonly string[]) => Promise<Map<string, number>>
  /** Products in the order (createdAt desc, id asc). */
  search: (query: SearchQuery) => Promise<Product[]>
}

export type SearchQuery = {
  /** Each is the beginning of some word of the product; none is no filter. */
  prefixes: readonly string[]
  category: string | undefined
  /** Only what comes behind this position. */
  after: PagePosition | undefined
  limit: number
  /** Milliseconds since the epoch; nobody waits for the answer after it. */
  deadline: number
}

/** The read model as the projection uses it. What it throws is transient. */
export type ProjectionStore = {
  /** The versions that the model holds of these ids; an id that it never had is left out. */
  versions: (ids: readonly string[]) => Promise<Map<string, number>>
  /**
   * Writes each state whose version is higher than the one the model holds, at most one state for an id.
   * Gives the ids that were written; for the others the model has that version or a later one.
   */
  apply: (states: readonly ProductState[]) => Promise<Set<string>>
}

/** The right to fill the cache after a miss; worth nothing once the projection wrote the entry. */
export type Lease = { readonly key: string; readonly token: string }

export type CacheAnswer =
  | { kind: 'hit'; state: ProductState }
  /** Without a lease somebody else is about to fill the entry. */
  | { kind: 'miss'; lease?: Lease }
  /** Switched off for now, or the cache failed to answer in time. */
  | { kind: 'bypass' | 'error' }

/** The cache as queries use it. Nothing here ever rejects: without the cache a query takes longer. */
export type ProductCache = {
  read: (id: string) => Promise<CacheAnswer>
  /** Stores what was read from the model after the lease was given, if the lease still holds. */
  fill: (lease: Lease, state: ProductState) => Promise<void>
  /** For an entry that turned out to be older than the model. */
  removeOlder: (id: string, version: number) => Promise<void>
}

export type Settlement = {
  state: ProductState
  /** Whether the model took it, or had that version or a later one. */
  applied: boolean
}

/** The cache as the projection uses it. */
export type ProjectedCache = {
  /**
   * Called after the model was written. Resolves when no query will be answered from an entry older than
   * these states; rejects while that cannot be said: the call must then be repeated.
   */
  settle: (settlements: readonly Settlement[]) => Promise<void>
}

/** Tells those who wait for a version, in all replicas, that it may be there now. A hint: it may be lost. */
export type AppliedHints = {
  announce: (states: readonly { id: string; version: number }[]) => void
}

export type QueryMetrics = {
  cacheAnswered: (result: 'hit' | 'miss' | 'stale' | 'bypass' | 'error') => void
  waiters: (count: number) => void
  waited: (result: 'ready' | 'behind' | 'refused') => void
}

export type ProjectionMetrics = {
  projected: (counts: { applied: number; superseded: number; missing: number }) => void
  /** From the moment an event occurred until queries could see it. */
  becameReadable: (seconds: number) => void
}
