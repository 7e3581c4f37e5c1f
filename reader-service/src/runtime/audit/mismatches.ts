import type { StoredEntry } from '../read-model.ts'
import type { WriterState } from '../rebuild/writer-states.ts'

export type AuditedStoreName = 'read_model' | 'cache'

/**
 * `missing`, `behind`, `ahead`: by version. `different`: the same version with other fields. `orphan`: the store has an
 * id that the writer never had. `last_event`: the writer's state differs from its own last event.
 */
export const mismatchKinds = {
  read_model: ['missing', 'behind', 'ahead', 'different', 'orphan'],
  cache: ['behind', 'ahead', 'different', 'orphan'],
  writer: ['last_event'],
} as const

export type MismatchKind = (typeof mismatchKinds)[keyof typeof mismatchKinds][number]

export type Mismatch = {
  id: string
  store: keyof typeof mismatchKinds
  kind: MismatchKind
  /** The versions in the writer and in the store; 0 where there is none. */
  expectedVersion: number
  actualVersion: number
  /** The fields that differ. */
  detail: string
  repaired: boolean
}

export type Difference = { kind: MismatchKind; detail: string }

/** How a store differs from the writer's state. A cache may lack any id. */
export function differenceOf(
  store: AuditedStoreName,
  actual: StoredEntry | undefined,
  expected: WriterState | undefined,
): Difference | undefined {
  if (!expected) return actual && { kind: 'orphan', detail: '' }
  // Without the last event the expected fields are unknown; the audit reports that about the writer.
  if (!expected.state) return undefined
  const { state } = expected
  if (!actual) return store === 'cache' ? undefined : { kind: 'missing', detail: '' }
  if (actual.version < state.version) return { kind: 'behind', detail: '' }
  if (actual.version > state.version) return { kind: 'ahead', detail: '' }
  const fields = actual.differences(state)
  return fields.length > 0 ? { kind: 'different', detail: fields.join(', ') } : undefined
}

/** An event that is still on its way removes such a difference, so it counts only if it lasts. */
export function mayCatchUp({ kind }: Difference): boolean {
  return kind === 'missing' || kind === 'behind'
}

/** How the writer's state differs from its own last event. */
export function writerMismatch({ id, version, state, mismatches }: WriterState): Mismatch | undefined {
  if (state && mismatches.length === 0) return undefined
  return {
    id,
    store: 'writer',
    kind: 'last_event',
    expectedVersion: version,
    actualVersion: state?.version ?? 0,
    detail: state ? mismatches.join(', ') : 'the event store has no event of this id',
    repaired: false,
  }
}
