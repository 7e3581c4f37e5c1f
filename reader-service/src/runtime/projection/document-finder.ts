import { batchByTurn } from '@lockstep/core/async/batch-by-turn.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { snapshotReads, type SnapshotOptions } from '@lockstep/core/mongo/snapshot-reads.ts'
import type { Collection, Db, Filter } from 'mongodb'
import type { Item, ItemOrder, SortKey } from '../queries/definition.ts'
import type { ItemFinder, ItemQuery, ListedItem } from '../queries/item-finder.ts'
import type { Items } from '../read-model.ts'
import { storedVersions, type StoredDocument } from './document-store.ts'
import { asAppErrors, queryLimits } from './mongo-query.ts'

/** The documents of a collection as queries read them. */
export function documentFinder(items: Items) {
  const projection = Object.fromEntries([...items.fields, 'version', 'deleted'].map((field) => [field, 1]))

  return (db: Db, name: string, { timeoutMs }: { timeoutMs: number }): ItemFinder => {
    const collection: Collection<StoredDocument> = db.collection(name)
    const limits = (deadline?: number) => queryLimits(timeoutMs, deadline)
    const findDocument = batchByTurn(async (ids: readonly string[]) => {
      const options = { ...limits(), projection, limit: ids.length, batchSize: ids.length + 1 }
      const found = await collection.find({ _id: { $in: [...ids] } }, options).toArray()
      const byId = new Map(found.map((document) => [document._id, document]))
      return ids.map((id) => byId.get(id))
    })
    const inSnapshot = snapshotReads(db)

    async function listItems(query: ItemQuery, snapshot: SnapshotOptions): Promise<ListedItem[]> {
      const { order, after, limit } = query
      const read = async (range: object, most: number, sort = sortOf(order)): Promise<ListedItem[]> => {
        const options = {
          ...limits(query.deadline),
          ...snapshot,
          projection: { ...projection, [order.by]: 1 },
          sort,
          limit: most,
        }
        const found = await collection.find(filterOf(query.conditions, range), options).toArray()
        return found.map((document) => ({
          item: items.ofDocument(document) as Item,
          key: keyOf(document, order),
        }))
      }
      if (!after) return read({}, limit)
      // One filter for both ranges would examine all items with this key again, and many can have the same price.
      const same = await read({ [order.by]: after.key, _id: { [beyond[order.ids]]: after.id } }, limit)
      if (same.length === limit) return same
      const next = await read({ [order.by]: { [beyond[order.direction]]: after.key } }, limit - same.length)
      const found = [...same, ...next]
      // Documents without a key are below all others, but no range contains them.
      if (found.length < limit && order.direction === 'descending') await read({}, 1, lowestFirst(order))
      return found
    }

    return {
      find: (id) =>
        asAppErrors(async () => {
          const document = await findDocument(id)
          return document && items.ofDocument(document)
        }),
      versions: (ids) => asAppErrors(() => storedVersions(collection, ids, limits())),
      list: (query) => asAppErrors(() => inSnapshot((snapshot) => listItems(query, snapshot))),
      // The command stops at the limit, and MongoDB's planner can answer it from an index alone.
      count: ({ conditions, limit, deadline }) =>
        asAppErrors(async () => {
          const { maxTimeMS, signal } = limits(deadline)
          const command = { count: name, query: filterOf(conditions, {}), limit, maxTimeMS }
          return Number((await db.command(command, { signal }))['n'])
        }),
    }
  }
}

const beyond = { ascending: '$gt', descending: '$lt' } as const
const sign = { ascending: 1, descending: -1 } as const

function sortOf({ by, direction, ids }: ItemOrder): Record<string, 1 | -1> {
  return { [by]: sign[direction], _id: sign[ids] }
}

/** The reverse of a descending order. */
function lowestFirst({ by, ids }: ItemOrder): Record<string, 1 | -1> {
  return { [by]: 1, _id: ids === 'ascending' ? -1 : 1 }
}

/** A release before the field wrote the document: it has no place in the order, and pages would omit it. */
function keyOf(document: StoredDocument, { by }: ItemOrder): SortKey {
  const key = document[by]
  if (key === undefined) throw new AppError('unavailable', `Rebuild the read model: a document has no ${by}`)
  return key as SortKey
}

function filterOf(conditions: ItemQuery['conditions'], range: object): Filter<StoredDocument> {
  return { $and: [{ deleted: false }, ...(conditions as Filter<StoredDocument>[]), range] }
}
