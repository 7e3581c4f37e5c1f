import { isDeepStrictEqual } from 'node:util'
import type { EventStore, Evidence } from '../evidence/evidence.ts'
import type { ProductState, Read } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/**
 * C: the read model, and the writer's own states, equal the fold of the event store, field by field; and whatever a
 * query answered is what the events made of the product at that version.
 */
export function differing(
  { store, states, model }: Pick<Evidence, 'store' | 'states' | 'model'>,
  reads: readonly Read[],
): Violation[] {
  return [
    ...unequal(store, model, 'the model'),
    ...unequal(store, states, "the writer's state"),
    ...reads.flatMap(({ answer }) => {
      if (answer.type !== 'found') return []
      const { id, version } = answer.product
      const made = store.get(id)?.[version - 1]?.state
      if (isDeepStrictEqual(answer.product, made)) return []
      return [violation('C', id, `a query answered ${text(answer.product)}, the event made ${text(made)}`)]
    }),
  ]
}

function unequal(store: EventStore, found: readonly ProductState[], what: string): Violation[] {
  const byId = new Map(found.map((state) => [state.id, state]))
  const wrong = [...store].flatMap(([id, events]) => {
    const wanted = events.at(-1)?.state
    const state = byId.get(id)
    if (isDeepStrictEqual(state, wanted)) return []
    return [violation('C', id, `${what} has ${text(state)}, its events make ${text(wanted)}`)]
  })
  const ghosts = found.filter(({ id }) => !store.has(id))
  return [...wrong, ...ghosts.map(({ id }) => violation('C', id, `${what} has it, the store has no event`))]
}

/** S: an entry of the cache that queries would use says what the model says. */
export function staleEntries({ cache, model }: Pick<Evidence, 'cache' | 'model'>): Violation[] {
  const byId = new Map(model.map((state) => [state.id, state]))
  return cache.flatMap((entry) => {
    const state = byId.get(entry.id)
    if (isDeepStrictEqual(entry, state)) return []
    return [violation('S', entry.id, `the cache has ${text(entry)}, the model ${text(state)}`)]
  })
}

function text(state: ProductState | undefined): string {
  if (state === undefined) return 'nothing'
  const { id, ...fields } = state
  return JSON.stringify(fields)
}
