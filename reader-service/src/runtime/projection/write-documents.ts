import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection, type Document } from 'mongodb'

const DUPLICATE_KEY = 11_000

/**
 * Replaces the document that matches `filter`, which has its `_id` and its expected state; inserts it if there is none.
 * Without a filter it is only inserted, which costs MongoDB half as much.
 */
export type DocumentWrite<D extends Document> = { document: D; filter?: Document }

/** The indexes of the replacements that found no document, and of all writes that found another state than expected. */
export type WriteResult = { upserted: ReadonlySet<number>; collided: ReadonlySet<number> }

/**
 * Writes all documents in one round trip: all insertions in one command, beside all replacements in another. (The driver
 * would send the two one after the other, and report wrong indexes of what a mixed bulk has inserted.)
 */
export async function writeDocuments<D extends Document>(
  collection: Collection<D>,
  writes: readonly DocumentWrite<D>[],
): Promise<WriteResult> {
  const [upserted, collided] = [new Set<number>(), new Set<number>()]
  const insertions: number[] = []
  const replacements: number[] = []
  for (const [index, { filter }] of writes.entries()) (filter ? replacements : insertions).push(index)

  async function send(indexes: readonly number[], operationOf: (write: DocumentWrite<D>) => object) {
    if (indexes.length === 0) return
    const operations = indexes.map((index) => operationOf(writes[index]!))
    const result = await bulkWrite(collection, operations as AnyBulkWriteOperation<D>[])
    for (const index of result.upserted) upserted.add(indexes[index]!)
    for (const index of result.collided) collided.add(indexes[index]!)
  }
  await Promise.all([
    send(insertions, ({ document }) => ({ insertOne: { document } })),
    send(replacements, ({ document, filter }) => ({
      replaceOne: { filter, replacement: document, upsert: true },
    })),
  ])
  return { upserted, collided }
}

/** For operations of one kind. A filter that matches nothing inserts, which collides with a document in any other state. */
async function bulkWrite<D extends Document>(
  collection: Collection<D>,
  operations: AnyBulkWriteOperation<D>[],
): Promise<WriteResult> {
  try {
    const { upsertedIds } = await collection.bulkWrite(operations, { ordered: false })
    return { upserted: indexesIn(upsertedIds), collided: new Set() }
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const errors = error.result.getWriteErrors()
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error
    return {
      upserted: indexesIn(error.result.upsertedIds),
      collided: new Set(errors.map(({ index }) => index)),
    }
  }
}

function indexesIn(upsertedIds: Readonly<Record<number, unknown>>): Set<number> {
  return new Set(Object.keys(upsertedIds).map(Number))
}
