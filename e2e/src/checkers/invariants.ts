import type { Evidence } from '../evidence/evidence.ts'
import type { Read, State } from '../evidence/history.ts'
import type { Subject } from '../subjects/subject.ts'
import { violation, type Violation } from './violation.ts'

/** Every state that the system stores or returned satisfies the rules of its aggregate, and every event follows from the
 * state before it. */
export function brokenInvariants(
  { brokenRule, brokenStep }: Pick<Subject, 'brokenRule' | 'brokenStep'>,
  { events, states, readModel, cache }: Pick<Evidence, 'events' | 'states' | 'readModel' | 'cache'>,
  reads: readonly Read[],
): Violation[] {
  const returned = reads.flatMap(({ result }) => (result.type === 'found' ? [result.state] : []))
  const places: [string, readonly State[]][] = [
    ['an event', [...events.values()].flat().map(({ state }) => state)],
    ['the writer state', states],
    ['the read model', readModel],
    ['the cache', cache],
    ['a query', returned],
  ]
  const steps = [...events.values()].flatMap((stored) =>
    stored.slice(1).flatMap((event, index) => {
      const step = brokenStep(stored[index]!.state, event)
      return step === undefined
        ? []
        : [violation('invariants', event.id, `version ${event.version}: ${step}`)]
    }),
  )
  const rules = places.flatMap(([place, found]) =>
    found.flatMap((state) => {
      const rule = state.deleted ? undefined : brokenRule(state)
      if (rule === undefined) return []
      return [violation('invariants', state.id, `${place} has version ${state.version}, where ${rule}`)]
    }),
  )
  return [...rules, ...steps]
}
