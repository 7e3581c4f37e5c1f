import type { SourceState } from '../read-model.ts'

/** A document as the store has it; a tombstone has no other fields. */
export type StoredDocument = { _id: string; version: number; deleted: boolean } & Record<string, unknown>

/** The fields that a slice builds from a state that is not deleted. */
export type DocumentFields = (state: SourceState) => Record<string, unknown>

/** The document of a state: what the store writes, and what an audit expects. */
export function documentOf(fields: DocumentFields, state: SourceState): StoredDocument {
  const { id: _id, version, deleted } = state
  return { _id, version, ...(deleted ? {} : fields(state)), deleted }
}
