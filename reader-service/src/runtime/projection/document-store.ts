import { MongoBulkWriteError, type Collection, type FindOptions } from 'mongodb'
import type { OpenStore, SourceState } from '../read-model.ts'
import { auditedDocuments } from './audited-documents.ts'
import { documentOf, type DocumentFields, type StoredDocument } from './document.ts'

export type Index = {
  name: string
  /** 1 for ascending, -1 for descending. Starts with the fields of the conditions, ends with those of the order. */
  key: Readonly<Record<string, 1 | -1>>
  /** Which query needs it. */
  purpose: string
}

const DUPLICATE_KEY = 11_000
const NAMESPACE_NOT_FOUND = 26

/** One document per aggregate in a MongoDB collection, written only by a state with a higher version. */
export function documentStore(fields: DocumentFields, indexes: readonly Index[]): OpenStore {
  return (db, name) => {
    const collection = db.collection<StoredDocument>(name)
    const documentsOf = (states: readonly SourceState[]) => states.map((state) => documentOf(fields, state))

    const apply = async (states: readonly SourceState[]): Promise<Set<string>> => {
      const applied = new Set(states.map((state) => state.id))
      const collisions = await upsertAll(collection, documentsOf(states))
      const superseded = await Promise.all(
        collisions.map(async (document) =>
          (await replaceOlder(collection, document)) ? undefined : document._id,
        ),
      )
      for (const id of superseded) if (id !== undefined) applied.delete(id)
      return applied
    }

    return {
      versions: (ids) => storedVersions(collection, ids),
      apply,
      async prepare() {
        // Repeating the request for an index compares its key, and rejects if that differs.
        for (const index of indexes) await collection.createIndex({ ...index.key }, { name: index.name })
      },
      async drop() {
        await collection.drop().catch(ignoreAbsent)
      },
      audited: auditedDocuments(collection, fields, apply),
    }
  }
}

/** The versions of these ids, tombstones included; an unknown id is absent. */
export async function storedVersions(
  collection: Collection<StoredDocument>,
  ids: readonly string[],
  limits: FindOptions = {},
): Promise<Map<string, number>> {
  const options = { ...limits, projection: { version: 1 } }
  const found = await collection.find({ _id: { $in: [...ids] } }, options).toArray()
  return new Map(found.map((document) => [document._id, document.version]))
}

/**
 * Replaces older documents and inserts absent ones. Returns the documents that met a duplicate key.
 *
 * A duplicate key does not mean that the stored version is newer: if the filter matches nothing, the server inserts,
 * and of two inserts of the same absent id one fails, even if it has the higher version.
 */
async function upsertAll(
  collection: Collection<StoredDocument>,
  documents: readonly StoredDocument[],
): Promise<StoredDocument[]> {
  if (documents.length === 0) return []
  const operations = documents.map((document) => ({
    replaceOne: { filter: olderThan(document), replacement: withoutId(document), upsert: true },
  }))
  try {
    await collection.bulkWrite(operations, { ordered: false })
    return []
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const errors = error.result.getWriteErrors()
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error
    return errors.map(({ index }) => documents[index]!)
  }
}

/** Only "matched none" of an update that cannot insert means that the stored version is this one or a later one. */
async function replaceOlder(
  collection: Collection<StoredDocument>,
  document: StoredDocument,
): Promise<boolean> {
  const { matchedCount } = await collection.replaceOne(olderThan(document), withoutId(document))
  return matchedCount > 0
}

function olderThan({ _id, version }: StoredDocument) {
  return { _id, version: { $lt: version } }
}

function withoutId({ _id, ...fields }: StoredDocument) {
  return fields
}

/** The stand-in for MongoDB sends the message without the code. */
function ignoreAbsent(error: { code?: number; message?: string }): void {
  if (error.code !== NAMESPACE_NOT_FOUND && error.message !== 'ns not found') throw error
}
