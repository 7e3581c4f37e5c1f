import { isDeepStrictEqual } from 'node:util'
import type { EventStore, StoredEvent } from '../evidence/evidence.ts'
import type { ChangesRead, Entry } from '../evidence/history.ts'
import { violation, type Violation } from './violation.ts'

/**
 * Every answered history has all versions below its newest one, each as its event caused it; one that cannot be complete
 * is refused. It is never older than its `min_version`, nor than one that was answered before it was requested.
 */
export function wrongHistories(reads: readonly ChangesRead[], events: EventStore): Violation[] {
  const byId = Map.groupBy(
    reads.filter(({ result }) => result.type !== 'failed'),
    ({ id }) => id,
  )
  return [...byId].flatMap(([id, same]) => {
    const expected = entriesOf(events.get(id) ?? [])
    return same.flatMap((read) => {
      const known = same.filter(({ completedAt }) => completedAt < read.sentAt).map(newestIn)
      const what = wrongIn(read, expected, Math.max(read.minVersion ?? 0, ...known))
      return what === undefined ? [] : [violation('histories', id, `${what} at ${timeOf(read)}`)]
    })
  })
}

function newestIn({ result }: ChangesRead): number {
  return result.type === 'found' ? (result.entries[0]?.version ?? 0) : 0
}

function wrongIn(read: ChangesRead, expected: readonly Entry[], atLeast: number): string | undefined {
  const newest = newestIn(read)
  if (newest < atLeast)
    return newest === 0 ? `not found after version ${atLeast}` : `version ${newest} after ${atLeast}`
  if (read.result.type !== 'found') return undefined
  const { entries, whole } = read.result
  const versions = entries.map(({ version }) => version)
  const gap = versions.findIndex((version, index) => version !== newest - index)
  if (gap >= 0) return `version ${versions[gap]} follows ${versions[gap - 1]} in a history`
  if (whole && versions.at(-1) !== 1) return `a whole history ends with version ${versions.at(-1)}`
  const different = entries.find((entry) => !isDeepStrictEqual(inOrder(entry), expected[entry.version - 1]))
  if (!different) return undefined
  return `the history has ${JSON.stringify(different)}, the event is ${JSON.stringify(expected[different.version - 1])}`
}

const types = { created: 'created', changed: 'updated', deleted: 'deleted' } as const

function entriesOf(stored: readonly StoredEvent[]): Entry[] {
  return stored.map(({ version, effect, occurredAt, requestId, state }, index) =>
    inOrder({
      version,
      type: types[effect],
      occurredAt,
      requestId,
      changes: changesBetween(stored[index - 1]?.state ?? {}, state),
    }),
  )
}

/** Not the fields of an aggregate: the version and the times change with each event. */
const others = new Set(['id', 'version', 'deleted', 'createdAt', 'updatedAt'])

function changesBetween(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Entry['changes'] {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)]).difference(others)
  return [...fields]
    .map((field) => ({ field, from: before[field] ?? null, to: after[field] ?? null }))
    .filter(({ from, to }) => from !== to)
}

/** An entry in one form: an absent request id is undefined, and the changes are in the order of their fields. */
function inOrder({ version, type, occurredAt, requestId, changes }: Entry): Entry {
  const sorted = changes.toSorted((a, b) => (a.field < b.field ? -1 : 1))
  return { version, type, occurredAt, requestId, changes: sorted }
}

function timeOf({ completedAt }: ChangesRead): string {
  return new Date(completedAt).toISOString()
}
