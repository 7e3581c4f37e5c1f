import { isDeepStrictEqual } from 'node:util'
import type { Evidence } from '../evidence/evidence.ts'
import { describeFields, violation, type Violation } from './violation.ts'

/** A cache entry that queries would use equals the read model. */
export function incoherentEntries({ cache, readModel }: Pick<Evidence, 'cache' | 'readModel'>): Violation[] {
  const byId = new Map(readModel.map((state) => [state.id, state]))
  return cache.flatMap((entry) => {
    const state = byId.get(entry.id)
    if (isDeepStrictEqual(entry, state)) return []
    const what = `the cache has ${describeFields(entry)}, the read model ${describeFields(state)}`
    return [violation('cache coherence', entry.id, what)]
  })
}
