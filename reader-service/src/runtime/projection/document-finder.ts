import { batchByTurn } from '@lockstep/core/async/batch-by-turn.ts'
import type { Collection, Db, Filter } from 'mongodb'
import type { Item } from '../queries/definition.ts'
import type { ItemFinder, ItemQuery } from '../queries/item-finder.ts'
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
    return {
      find: (id) =>
        asAppErrors(async () => {
          const document = await findDocument(id)
          return document && items.ofDocument(document)
        }),
      versions: (ids) => asAppErrors(() => storedVersions(collection, ids, limits())),
      list: (query) =>
        asAppErrors(async () => {
          const { by, direction } = query.order
          const found = await collection
            .find(filterOf(query), { ...limits(query.deadline), projection })
            .sort({ [by]: direction === 'ascending' ? 1 : -1, _id: 1 })
            .limit(query.limit)
            .toArray()
          return found.map((document) => items.ofDocument(document) as Item)
        }),
    }
  }
}

function filterOf({ conditions, order, after }: ItemQuery): Filter<StoredDocument> {
  const all: Filter<StoredDocument>[] = [{ deleted: false }, ...(conditions as Filter<StoredDocument>[])]
  if (after) {
    const [beyond, fromHere] = order.direction === 'ascending' ? ['$gt', '$gte'] : ['$lt', '$lte']
    // The second condition implies the first, but only the first becomes a bound of the index.
    all.push({ [order.by]: { [fromHere]: after.key } })
    all.push({ $or: [{ [order.by]: { [beyond]: after.key } }, { _id: { $gt: after.id } }] })
  }
  return { $and: all }
}
