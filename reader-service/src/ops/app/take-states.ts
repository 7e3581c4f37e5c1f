import type { AppliedHints, ProjectedCache, ProjectionStore } from '../../product/app/ports.ts'
import type { ProductState } from '../../product/domain/product.ts'

/** Brings a model that queries see, and its cache, up to these states; rejects with what is transient. */
export type TakeStates = (states: readonly ProductState[]) => Promise<void>

/** As the projection does it, from the writer's states instead of from events. */
export function takeStates(ports: {
  store: ProjectionStore
  cache: ProjectedCache
  hints: AppliedHints
}): TakeStates {
  const { store, cache, hints } = ports
  return async (states) => {
    const held = await store.versions(states.map(({ id }) => id))
    const applied = await store.apply(states.filter(({ id, version }) => version > (held.get(id) ?? 0)))
    try {
      await cache.settle(states.map((state) => ({ state, applied: applied.has(state.id) })))
    } finally {
      hints.announce(states.filter(({ id }) => applied.has(id)))
    }
  }
}
