import type { ProductState } from '../../product/domain/product.ts'
import type { Held } from '../rebuild/writer-states.ts'

export type Place = 'model' | 'cache' | 'writer'

/**
 * `missing`, `behind`, `ahead`: as the version says. `different`: the same version with other fields. `ghost`: held, but
 * never written. `own_event`: the writer's state is not what its own last event says.
 */
export type DriftKind = 'missing' | 'behind' | 'ahead' | 'different' | 'ghost' | 'own_event'

export const driftKinds: Record<Place, readonly DriftKind[]> = {
  model: ['missing', 'behind', 'ahead', 'different', 'ghost'],
  cache: ['behind', 'ahead', 'different', 'ghost'],
  writer: ['own_event'],
}

export type Drift = { kind: DriftKind; detail: string }

/** In what a store is not as the truth, if it is. A cache may lack what it likes. */
export function driftOf(
  place: 'model' | 'cache',
  held: Held | undefined,
  truth: ProductState | undefined,
): Drift | undefined {
  if (!held) return truth && place === 'model' ? { kind: 'missing', detail: '' } : undefined
  if (!truth) return { kind: 'ghost', detail: '' }
  if (held.version < truth.version) return { kind: 'behind', detail: '' }
  if (held.version > truth.version) return { kind: 'ahead', detail: '' }
  const fields = held.differences(truth)
  return fields.length > 0 ? { kind: 'different', detail: fields.join(', ') } : undefined
}

/** What may be on its way: it is drift only when it stays so. */
export function mayCatchUp({ kind }: Drift): boolean {
  return kind === 'missing' || kind === 'behind'
}

/** What an audit has found, and how it found it. */
export type Found = {
  id: string
  place: 'model' | 'cache'
  drift: Drift
  seen: Held | undefined
  truth: ProductState | undefined
}
