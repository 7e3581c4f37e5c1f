import type { EventStore, TopicRecord } from '../evidence/evidence.ts'
import { violation, type Violation } from './violation.ts'

/**
 * O: versions count from 1 without a hole in the store, creation first and nothing behind a deletion; in the topic
 * their first occurrences come in that order, and every occurrence has the stored bytes.
 */
export function outOfOrder(store: EventStore, topic: readonly TopicRecord[]): Violation[] {
  return [...inStore(store), ...inTopic(store, topic)]
}

function inStore(store: EventStore): Violation[] {
  return [...store].flatMap(([id, events]) =>
    events.flatMap(({ version, change }, index) => {
      const wrong: string[] = []
      if (version !== index + 1) wrong.push(`version ${version} is number ${index + 1} in the store`)
      if ((change === 'created') !== (index === 0)) wrong.push(`version ${version} is ${change}`)
      if (change === 'deleted' && index < events.length - 1) wrong.push('goes on behind its deletion')
      return wrong.map((what) => violation('O', id, what))
    }),
  )
}

function inTopic(store: EventStore, topic: readonly TopicRecord[]): Violation[] {
  const violations: Violation[] = []
  const highest = new Map<string, number>()
  for (const { id, version, payload } of topic) {
    const before = highest.get(id) ?? 0
    if (version > before + 1)
      violations.push(violation('O', id, `version ${version} follows version ${before} in the topic`))
    highest.set(id, Math.max(before, version))
    if (!store.get(id)?.[version - 1]?.payload.equals(payload))
      violations.push(violation('O', id, `version ${version} in the topic is not the stored one`))
  }
  return violations
}
