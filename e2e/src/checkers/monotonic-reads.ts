import type { EventStore } from '../evidence/evidence.ts'
import type { Read } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/**
 * M: on one connection a product's version never goes down, and no answer is below its `min_version`. "Not found" says
 * that the product is deleted to whoever has seen it or asked for a version; to others it may be before the creation.
 *
 * Of reads that overlap on a connection, only those that were sent after another one was answered come later.
 */
export function backwards(reads: readonly Read[], store: EventStore): Violation[] {
  const violations: Violation[] = []
  const judged = reads.filter(({ answer }) => answer.type !== 'failed')
  const version = (read: Read, known?: Read) => versionOf(read, store, known)
  for (const read of judged) {
    const { id, minVersion = 0 } = read
    if (version(read) < minVersion)
      violations.push(violation('M', id, `${shown(read)} for min_version ${minVersion} at ${at(read)}`))
  }
  const connected = judged.filter(({ connection }) => connection !== undefined)
  for (const same of Map.groupBy(connected, ({ connection, id }) => `${connection} ${id}`).values()) {
    const sent = same.toSorted((a, b) => a.sentAt - b.sentAt)
    const answered = same.toSorted((a, b) => a.answeredAt - b.answeredAt)
    let known: Read | undefined
    let next = 0
    for (const read of sent) {
      for (; next < answered.length && answered[next]!.answeredAt < read.sentAt; next++) {
        const earlier = answered[next]!
        if (version(earlier, known) > (known ? version(known, known) : 0)) known = earlier
      }
      if (known && version(read, known) < version(known, known)) {
        const what = `${shown(read)} at ${at(read)} after ${shown(known)} at ${at(known)}`
        violations.push(violation('M', read.id, `${read.connection}: ${what}`))
      }
    }
  }
  return violations
}

function versionOf({ id, minVersion, answer }: Read, store: EventStore, known?: Read): number {
  if (answer.type === 'found') return answer.product.version
  if (minVersion === undefined && !known) return 0
  const last = store.get(id)?.at(-1)
  return last?.change === 'deleted' ? last.version : 0
}

function shown({ answer }: Read): string {
  return answer.type === 'found' ? `version ${answer.product.version}` : 'not found'
}

function at({ answeredAt }: Read): string {
  return new Date(answeredAt).toISOString()
}
