import type { Collection, FindOptions } from 'mongodb'
import type { OpenStore, ReadModelStore, SourceState } from '../read-model.ts'
import { auditedDocuments } from './audited-documents.ts'
import { writeDocuments } from './write-documents.ts'

/** A document as the store has it; a tombstone has no other fields. */
export type StoredDocument = { _id: string; version: number; deleted: boolean } & Record<string, unknown>

/** The fields that a slice builds from a state that is not deleted. */
export type DocumentFields = (state: SourceState) => Record<string, unknown>

export type Index = {
  name: string
  /** 1 for ascending, -1 for descending. Starts with the fields of the conditions, ends with those of the order. */
  key: Readonly<Record<string, 1 | -1>>
  /** Which query needs it. */
  purpose: string
}

const NAMESPACE_NOT_FOUND = 26

/** One document per aggregate in a MongoDB collection, written only by a state with a higher version. */
export function documentStore(fields: DocumentFields, indexes: readonly Index[]): OpenStore {
  /** What the store writes, and what an audit expects. */
  const documentOf = (state: SourceState): StoredDocument => {
    const { id: _id, version, deleted } = state
    return { _id, version, ...(deleted ? {} : fields(state)), deleted }
  }

  return (db, name) => {
    const collection = db.collection<StoredDocument>(name)

    const apply: ReadModelStore['apply'] = async (states, expected = precedingVersion) => {
      const applied = new Map<string, number>()
      let writes = states.map((state): Write => ({
        document: documentOf(state),
        replaces: expected(state),
      }))
      while (writes.length > 0) {
        const collisions = await writeAll(collection, writes, applied)
        writes = collisions.length > 0 ? await repeatable(collection, collisions) : []
      }
      return applied
    }

    return {
      collections: [''],
      versions: (ids) => storedVersions(collection, ids),
      apply,
      async prepare() {
        // Repeating the request for an index compares its key, and rejects if that differs.
        for (const index of indexes) await collection.createIndex({ ...index.key }, { name: index.name })
      },
      async drop() {
        await collection.drop().catch(ignoreAbsent)
      },
      audited: auditedDocuments(collection, documentOf, apply),
    }
  }
}

/** A write succeeds only if the store has exactly the version `replaces`, 0 for none, which is below the document's. */
type Write = { document: StoredDocument; replaces: number }

function precedingVersion({ version }: SourceState): number {
  return version - 1
}

/** Writes all documents and adds to `applied` what each of them replaced. Returns the writes that collided. */
async function writeAll(
  collection: Collection<StoredDocument>,
  writes: readonly Write[],
  applied: Map<string, number>,
): Promise<Write[]> {
  const { upserted, collided } = await writeDocuments(
    collection,
    writes.map(({ document, replaces }) =>
      replaces === 0 ? { document } : { document, filter: { _id: document._id, version: replaces } },
    ),
  )
  return writes.filter(({ document, replaces }, index) => {
    if (collided.has(index)) return true
    applied.set(document._id, upserted.has(index) ? 0 : replaces)
    return false
  })
}

/**
 * A duplicate key does not mean that the stored version is newer: it can be an older one than expected, or that of
 * another insert of the same absent id. So the stored versions decide which writes are superseded.
 */
async function repeatable(
  collection: Collection<StoredDocument>,
  collisions: readonly Write[],
): Promise<Write[]> {
  const stored = await storedVersions(
    collection,
    collisions.map(({ document }) => document._id),
  )
  return collisions
    .map(({ document }) => ({ document, replaces: stored.get(document._id) ?? 0 }))
    .filter(({ document, replaces }) => document.version > replaces)
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

/** For a drop: the collection does not exist. The stand-in for MongoDB sends the message without the code. */
export function ignoreAbsent(error: { code?: number; message?: string }): void {
  if (error.code !== NAMESPACE_NOT_FOUND && error.message !== 'ns not found') throw error
}
