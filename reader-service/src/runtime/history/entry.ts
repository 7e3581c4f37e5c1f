import type { EventMessage } from '@lockstep/contracts/event-contract.ts'
import type { StoredItem } from '../queries/definition.ts'
import type { Source, SourceState } from '../read-model.ts'

/**
 * What one event left: the whole state after it, which never changes. An entry is a state of its own: its id is the id and
 * the version of the aggregate, and its own version is 1. So nothing supersedes an entry, and the runtime inserts,
 * copies, compares and waits for entries as it does for the states of aggregates.
 */
export type HistoryEntry<S extends SourceState = SourceState> = SourceState & {
  readonly aggregateId: string
  readonly aggregateVersion: number
  readonly type: EntryType
  readonly occurredAt: Date
  /** Of the command that caused the event; undefined for an event that does not carry it. */
  readonly requestId: string | undefined
  readonly after: S
}

export type EntryType = 'created' | 'updated' | 'deleted'

/** Versions of one id are in their order; the longest safe integer has 16 digits. */
const DIGITS = 16

/** `<id>/<version>`. */
export function entryKey(id: string, version: number): string {
  return `${id}/${String(version).padStart(DIGITS, '0')}`
}

export function keyParts(key: string): { id: string; version: number } {
  const [id = '', version] = key.split('/')
  return { id, version: Number(version) }
}

/** The entries of the events of another source. */
export function entrySource<S extends SourceState, M extends EventMessage>(
  of: Source<S, M>,
): Source<HistoryEntry<S>, M> {
  return {
    ...of,
    stateOf(message) {
      const after = of.stateOf(message)
      const { id, version, deleted } = after
      return {
        id: entryKey(id, version),
        version: 1,
        deleted: false,
        aggregateId: id,
        aggregateVersion: version,
        type: deleted ? 'deleted' : version === 1 ? 'created' : 'updated',
        occurredAt: message.occurredAt!,
        requestId: message.requestId,
        after,
      }
    },
  }
}

export type Change = { field: string; from: unknown; to: unknown }

/** Each entry has the time of its event, so the times that every event sets are no changes. */
const eventTimes = new Set(['createdAt', 'updatedAt'])

/** The public fields whose values differ; null where there is no state, before the creation and after the deletion. */
export function changesBetween(
  fields: readonly string[],
  before: StoredItem | undefined,
  after: StoredItem,
): Change[] {
  const valuesOf = (item: StoredItem | undefined) =>
    (item && !item.deleted ? item : {}) as Readonly<Record<string, unknown>>
  const [old, current] = [valuesOf(before), valuesOf(after)]
  return fields
    .filter((field) => !eventTimes.has(field))
    .map((field) => ({ field, from: jsonOf(old[field]), to: jsonOf(current[field]) }))
    .filter(({ from, to }) => JSON.stringify(from) !== JSON.stringify(to))
}

function jsonOf(value: unknown): unknown {
  return value instanceof Date ? value.toISOString() : (value ?? null)
}
