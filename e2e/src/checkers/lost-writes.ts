import type { Evidence } from '../evidence/evidence.ts'
import type { Attempt } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/** L: an acknowledged command is in the event store, in the topic and in the model; so is whatever is in the store. */
export function lost(
  commands: readonly Attempt[],
  { store, topic, model }: Pick<Evidence, 'store' | 'topic' | 'model'>,
): Violation[] {
  const violations: Violation[] = []
  for (const { type, mark, outcome } of commands) {
    if (outcome.type !== 'acknowledged') continue
    const { id, version } = outcome
    const event = store.get(id)?.[version - 1]
    const kept = type === 'delete' ? event?.change === 'deleted' : event?.mark === mark
    if (!kept)
      violations.push(
        violation('L', id, `the ${type} acknowledged as version ${version} is not in the store`),
      )
  }
  const published = new Set(topic.map(({ id, version }) => `${id} ${version}`))
  const held = new Map(model.map((state) => [state.id, state.version]))
  for (const [id, events] of store) {
    const missing = events.filter(({ version }) => !published.has(`${id} ${version}`))
    if (missing.length > 0) {
      const versions = missing.map(({ version }) => version).join(', ')
      violations.push(violation('L', id, `version ${versions} is not in the topic`))
    }
    const last = events.at(-1)?.version ?? 0
    const reached = held.get(id) ?? 0
    if (reached < last)
      violations.push(violation('L', id, `the model is at version ${reached}, the store at ${last}`))
  }
  return violations
}
