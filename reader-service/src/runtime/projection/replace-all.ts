import { MongoBulkWriteError, type Collection, type Document } from 'mongodb'

const DUPLICATE_KEY = 11_000

/** Replaces the document that matches `filter`, which has its `_id` and its expected state; inserts it if there is none. */
export type Replacement<D extends Document> = { filter: Document; replacement: Omit<D, '_id'> }

/**
 * Writes all documents in one round trip. If a filter matches nothing, the server inserts, which collides with a document
 * in any other state: those are `collided`. Both results are indexes of `replacements`.
 */
export async function replaceAll<D extends Document>(
  collection: Collection<D>,
  replacements: readonly Replacement<D>[],
): Promise<{ inserted: ReadonlySet<number>; collided: ReadonlySet<number> }> {
  const operations = replacements.map((each) => ({ replaceOne: { ...each, upsert: true } }))
  const none = new Set<number>()
  try {
    const { upsertedIds } = await collection.bulkWrite(operations as never, { ordered: false })
    return { inserted: indexes(upsertedIds), collided: none }
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const errors = error.result.getWriteErrors()
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error
    return {
      inserted: indexes(error.result.upsertedIds),
      collided: new Set(errors.map(({ index }) => index)),
    }
  }
}

function indexes(upsertedIds: Readonly<Record<number, unknown>>): Set<number> {
  return new Set(Object.keys(upsertedIds).map(Number))
}
