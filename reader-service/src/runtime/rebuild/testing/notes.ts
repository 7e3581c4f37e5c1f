import { documentStore } from '../../projection/document-store.ts'
import type { SourceState } from '../../read-model.ts'

/** A small read model for the tests of rebuilds and audits: one text per id. */
export type Note = SourceState & { readonly text: string }

export const noteStore = documentStore(
  (state) => ({ text: (state as Note).text }),
  [{ name: 'text', key: { text: 1 }, purpose: 'the tests of indexes' }],
)

export function noteAt(id: string, version: number, text = `version ${version}`): Note {
  return { id, version, deleted: false, text }
}

export function deletedNoteAt(id: string, version: number): SourceState {
  return { id, version, deleted: true }
}
