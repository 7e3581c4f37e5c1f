import type { EventStore } from '../evidence/evidence.ts'
import type { Read } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/**
 * On one connection the version of an aggregate never decreases, and no result is below its `min_version`. "Not found"
 * means deleted for a caller that has seen the aggregate or asked for a version; for others it may mean not yet created.
 *
 * Of reads that overlap on a connection, only a read that was sent after another one completed is later.
 */
export function nonMonotonicReads(reads: readonly Read[], events: EventStore): Violation[] {
  const violations: Violation[] = []
  const completed = reads.filter(({ result }) => result.type !== 'failed')
  const version = (read: Read, known?: Read) => versionOf(read, events, known)
  for (const read of completed) {
    const { id, minVersion = 0 } = read
    if (version(read) < minVersion)
      violations.push(
        violation('monotonic reads', id, `${shown(read)} for min_version ${minVersion} at ${at(read)}`),
      )
  }
  const connected = completed.filter(({ connection }) => connection !== undefined)
  for (const same of Map.groupBy(connected, ({ connection, id }) => `${connection} ${id}`).values()) {
    const sent = same.toSorted((a, b) => a.sentAt - b.sentAt)
    const inOrder = same.toSorted((a, b) => a.completedAt - b.completedAt)
    let known: Read | undefined
    let next = 0
    for (const read of sent) {
      for (; next < inOrder.length && inOrder[next]!.completedAt < read.sentAt; next++) {
        const earlier = inOrder[next]!
        if (version(earlier, known) > (known ? version(known, known) : 0)) known = earlier
      }
      if (known && version(read, known) < version(known, known)) {
        const what = `${shown(read)} at ${at(read)} after ${shown(known)} at ${at(known)}`
        violations.push(violation('monotonic reads', read.id, `${read.connection}: ${what}`))
      }
    }
  }
  return violations
}

function versionOf({ id, minVersion, result }: Read, events: EventStore, known?: Read): number {
  if (result.type === 'found') return result.state.version
  if (minVersion === undefined && !known) return 0
  const last = events.get(id)?.at(-1)
  return last?.effect === 'deleted' ? last.version : 0
}

function shown({ result }: Read): string {
  return result.type === 'found' ? `version ${result.state.version}` : 'not found'
}

function at({ completedAt }: Read): string {
  return new Date(completedAt).toISOString()
}
