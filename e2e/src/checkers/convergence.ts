import { isDeepStrictEqual } from 'node:util'
import type { EventStore, Evidence } from '../evidence/evidence.ts'
import type { Read, State } from '../evidence/history.ts'
import { describeFields, violation, type Violation } from './violation.ts'

/**
 * The read model, and the states of the writer, equal the fold of the event store, field by field. Every query returned
 * what the events produce at that version.
 */
export function divergence(
  { events, states, readModel }: Pick<Evidence, 'events' | 'states' | 'readModel'>,
  reads: readonly Read[],
): Violation[] {
  return [
    ...unequal(events, readModel, 'the read model'),
    ...unequal(events, states, 'the writer state'),
    ...reads.flatMap(({ result }) => {
      if (result.type !== 'found') return []
      const { id, version } = result.state
      const expected = events.get(id)?.[version - 1]?.state
      if (isDeepStrictEqual(result.state, expected)) return []
      const what = `a query returned ${describeFields(result.state)}, the event produces ${describeFields(expected)}`
      return [violation('convergence', id, what)]
    }),
  ]
}

/** What in the read model differs from the fold of the event store. */
export function readModelDivergence({
  events,
  readModel,
}: Pick<Evidence, 'events' | 'readModel'>): Violation[] {
  return unequal(events, readModel, 'the read model')
}

function unequal(events: EventStore, found: readonly State[], what: string): Violation[] {
  const byId = new Map(found.map((state) => [state.id, state]))
  const wrong = [...events].flatMap(([id, stored]) => {
    const expected = stored.at(-1)?.state
    const state = byId.get(id)
    if (isDeepStrictEqual(state, expected)) return []
    return [
      violation(
        'convergence',
        id,
        `${what} has ${describeFields(state)}, its events produce ${describeFields(expected)}`,
      ),
    ]
  })
  const orphans = found.filter(({ id }) => !events.has(id))
  return [
    ...wrong,
    ...orphans.map(({ id }) => violation('convergence', id, `${what} has it, the store has no event`)),
  ]
}
