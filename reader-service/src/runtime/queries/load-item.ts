import type { Items } from '../read-model.ts'
import type { EncodedItem, StoredItem } from './definition.ts'
import type { ItemFinder } from './item-finder.ts'

/** The permission to fill a cache entry after a miss; void once the projection has written the entry. */
export type Lease = { readonly key: string; readonly token: string }

export type CacheRead =
  | { kind: 'hit'; item: EncodedItem }
  /** Without a lease, another query is filling the entry. */
  | { kind: 'miss'; lease?: Lease }
  /** The cache is closed or paused, or it did not respond in time. */
  | { kind: 'bypass' | 'error' }

/** The cache as queries use it. Never rejects: without the cache, a query takes longer. */
export type ItemCache = {
  read: (id: string) => Promise<CacheRead>
  /** Stores an item that was read from the store after the lease was given, if the lease is still valid. */
  fill: (lease: Lease, item: EncodedItem) => Promise<void>
  /** Removes an entry that is older than this version. */
  removeOlder: (id: string, version: number) => Promise<void>
}

export type CacheMetrics = { cacheRead: (result: CacheRead['kind'] | 'stale') => void }

/**
 * What the cache or the store has of an id; undefined if the store has nothing. A cached item below `floor` counts as
 * a miss. The result can still be below `floor`, if the store is behind. It is read after the served versions got this
 * `epoch`, so it has nothing that the repair before that has removed.
 */
export type LoadItem = (id: string, floor: number, epoch: number) => Promise<EncodedItem | undefined>

export function encodedItem(items: Pick<Items, 'encode'>, item: StoredItem): EncodedItem {
  return { version: item.version, json: items.encode(item) }
}

/** Cache, then lease, store and fill. Concurrent calls with the same id and epoch share one load. */
export function itemLoader(ports: {
  cache: ItemCache
  finder: Pick<ItemFinder, 'find'>
  items: Pick<Items, 'encode'>
  metrics: CacheMetrics
}): LoadItem {
  const { cache, finder, items, metrics } = ports
  type SharedLoad = { epoch: number; item: Promise<EncodedItem | undefined> }
  const loads = new Map<string, SharedLoad>()

  async function load(id: string, floor: number): Promise<EncodedItem | undefined> {
    const cached = await cache.read(id)
    if (cached.kind === 'hit' && cached.item.version >= floor) {
      metrics.cacheRead('hit')
      return cached.item
    }
    metrics.cacheRead(cached.kind === 'hit' ? 'stale' : cached.kind)
    const found = await finder.find(id)
    const item = found && encodedItem(items, found)
    // The query does not wait for these writes, and neither call rejects.
    if (cached.kind === 'miss' && cached.lease && item) void cache.fill(cached.lease, item)
    if (cached.kind === 'hit' && item && item.version > cached.item.version) {
      void cache.removeOlder(id, item.version)
    }
    return item
  }

  function start(id: string, floor: number, epoch: number): SharedLoad['item'] {
    const item = load(id, floor).finally(() => {
      if (loads.get(id)?.item === item) loads.delete(id)
    })
    loads.set(id, { epoch, item })
    return item
  }

  function inFlight(id: string, epoch: number): SharedLoad['item'] | undefined {
    const shared = loads.get(id)
    return shared?.epoch === epoch ? shared.item : undefined
  }

  return async (id, floor, epoch) => {
    const running = inFlight(id, epoch)
    if (!running) return start(id, floor, epoch)
    const shared = await running
    if ((shared?.version ?? 0) >= floor) return shared
    // It may have read the store before the version arrived: only a load that starts now has it for certain.
    return inFlight(id, epoch) ?? start(id, floor, epoch)
  }
}
