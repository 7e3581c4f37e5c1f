import type { EventStore, TopicRecord } from '../evidence/evidence.ts'
import { violation, type Violation } from './violation.ts'

/**
 * In the store, versions count from 1 without a gap, the first event creates and no event follows a deletion. In the
 * topic, their first occurrences are in that order, and every occurrence has the stored bytes.
 */
export function outOfOrder(events: EventStore, topic: readonly TopicRecord[]): Violation[] {
  return [...inStore(events), ...inTopic(events, topic)]
}

function inStore(events: EventStore): Violation[] {
  return [...events].flatMap(([id, stored]) =>
    stored.flatMap(({ version, effect }, index) => {
      const wrong: string[] = []
      if (version !== index + 1) wrong.push(`version ${version} is number ${index + 1} in the store`)
      if ((effect === 'created') !== (index === 0)) wrong.push(`version ${version} is ${effect}`)
      if (effect === 'deleted' && index < stored.length - 1) wrong.push('an event follows its deletion')
      return wrong.map((what) => violation('order', id, what))
    }),
  )
}

function inTopic(events: EventStore, topic: readonly TopicRecord[]): Violation[] {
  const violations: Violation[] = []
  const highest = new Map<string, number>()
  for (const { id, version, payload } of topic) {
    const before = highest.get(id) ?? 0
    if (version > before + 1)
      violations.push(violation('order', id, `version ${version} follows version ${before} in the topic`))
    highest.set(id, Math.max(before, version))
    if (!events.get(id)?.[version - 1]?.payload.equals(payload))
      violations.push(violation('order', id, `version ${version} in the topic is not the stored one`))
  }
  return violations
}
