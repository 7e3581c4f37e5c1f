import type { Evidence } from '../evidence/evidence.ts'
import type { Attempt } from '../evidence/history.ts'
import { isUnchanged } from './unchanged.ts'
import { violation, type Violation } from './violation.ts'

/** An acknowledged command is in the event store; every event of the store is in the topic and in the read model. */
export function lostWrites(
  commands: readonly Attempt[],
  { events, topic, readModel }: Pick<Evidence, 'events' | 'topic' | 'readModel'>,
): Violation[] {
  const violations: Violation[] = []
  for (const command of commands) {
    const { type, mark, outcome } = command
    if (outcome.type !== 'acknowledged') continue
    const { id, version } = outcome
    const event = events.get(id)?.[version - 1]
    const stored = event?.mark === undefined ? event?.command === type : event.mark === mark
    if (!stored && !isUnchanged(event?.state, command))
      violations.push(
        violation('lost writes', id, `the ${type} acknowledged as version ${version} is not in the store`),
      )
  }
  const published = new Set(topic.map(({ id, version }) => `${id} ${version}`))
  const projected = new Map(readModel.map((state) => [state.id, state.version]))
  for (const [id, stored] of events) {
    const missing = stored.filter(({ version }) => !published.has(`${id} ${version}`))
    if (missing.length > 0) {
      const versions = missing.map(({ version }) => version).join(', ')
      violations.push(violation('lost writes', id, `version ${versions} is not in the topic`))
    }
    const last = stored.at(-1)?.version ?? 0
    const reached = projected.get(id) ?? 0
    if (reached < last)
      violations.push(
        violation('lost writes', id, `the read model is at version ${reached}, the store at ${last}`),
      )
  }
  return violations
}
