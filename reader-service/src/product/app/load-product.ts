import type { ProductState } from '../domain/product.ts'
import type { ProductCache, ProductFinder, QueryMetrics } from './ports.ts'

/**
 * What the cache or the model holds of a product; undefined when the model never had it. A cached state
 * below `floor` is not believed. The answer may be below it nevertheless, when the model is behind.
 */
export type LoadProduct = (id: string, floor: number) => Promise<ProductState | undefined>

/** Cache, then lease, model and fill; callers that ask for the same id at the same time share one load. */
export function productLoader(ports: {
  cache: ProductCache
  finder: Pick<ProductFinder, 'find'>
  metrics: Pick<QueryMetrics, 'cacheAnswered'>
}): LoadProduct {
  const { cache, finder, metrics } = ports
  const loads = new Map<string, Promise<ProductState | undefined>>()

  async function load(id: string, floor: number): Promise<ProductState | undefined> {
    const answer = await cache.read(id)
    if (answer.kind === 'hit' && answer.state.version >= floor) {
      metrics.cacheAnswered('hit')
      return answer.state
    }
    metrics.cacheAnswered(answer.kind === 'hit' ? 'stale' : answer.kind)
    const state = await finder.find(id)
    // Nobody waits for the cache to be put right, and neither call rejects.
    if (answer.kind === 'miss' && answer.lease && state) void cache.fill(answer.lease, state)
    if (answer.kind === 'hit' && state && state.version > answer.state.version) {
      void cache.removeOlder(id, state.version)
    }
    return state
  }

  function begin(id: string, floor: number): Promise<ProductState | undefined> {
    const begun = load(id, floor).finally(() => {
      if (loads.get(id) === begun) loads.delete(id)
    })
    loads.set(id, begun)
    return begun
  }

  return async (id, floor) => {
    const underWay = loads.get(id)
    if (!underWay) return begin(id, floor)
    const shared = await underWay
    if ((shared?.version ?? 0) >= floor) return shared
    // It may have read the model before the version came: only a load that begins now can tell.
    return loads.get(id) ?? begin(id, floor)
  }
}
