import { isDeepStrictEqual } from 'node:util'
import type { Collection } from 'mongodb'
import { fromReadModel } from '../or-unavailable.ts'
import type { AuditedStore, ReadModelStore, SourceState, StoredEntry } from '../read-model.ts'
import type { StoredDocument } from './document-store.ts'

/** The documents as an audit reads and repairs them. Every field counts, also those that queries do not return. */
export function auditedDocuments(
  collection: Collection<StoredDocument>,
  documentOf: (state: SourceState) => StoredDocument,
  apply: ReadModelStore['apply'],
): AuditedStore {
  const entryOf = (document: StoredDocument): StoredEntry => ({
    id: document._id,
    version: document.version,
    differences(expectedState) {
      const expected = documentOf(expectedState)
      const names = new Set([...Object.keys(document), ...Object.keys(expected)])
      return [...names].filter((name) => !isDeepStrictEqual(document[name], expected[name])).toSorted()
    },
  })

  return {
    list: (after, limit) =>
      fromReadModel(async () => {
        const filter = after === undefined ? {} : { _id: { $gt: after } }
        return (await collection.find(filter).sort({ _id: 1 }).limit(limit).toArray()).map(entryOf)
      }),
    find: (ids) =>
      fromReadModel(async () => {
        const found = await collection.find({ _id: { $in: [...ids] } }).toArray()
        return new Map(found.map((document) => [document._id, entryOf(document)]))
      }),
    count: () => fromReadModel(() => collection.estimatedDocumentCount()),
    advance: (expected) => fromReadModel(async () => (await apply([expected])).has(expected.id)),
    replace: (readVersion, expected) =>
      fromReadModel(async () => {
        const { _id, ...replacement } = documentOf(expected)
        const { matchedCount } = await collection.replaceOne({ _id, version: readVersion }, replacement)
        return matchedCount > 0
      }),
    remove: (id, readVersion) =>
      fromReadModel(async () => {
        const { deletedCount } = await collection.deleteOne({ _id: id, version: readVersion })
        return deletedCount > 0
      }),
  }
}
