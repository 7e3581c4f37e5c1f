import type { ReadModel } from '@lockstep/reader-service/runtime/read-model.ts'
import type { Db } from 'mongodb'

export type IndexResult = { outcome: 'created' | 'unchanged'; collection: string; index: string }

/**
 * Prepares the store of each read model, on every generation. MongoDB rejects this if an existing index has the name but
 * not the key of one that a read model defines.
 */
export async function ensureIndexes(db: Db, readModels: readonly ReadModel[]): Promise<IndexResult[]> {
  const existing = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  const results: IndexResult[] = []
  for (const { name, openStore } of readModels) {
    for (const collection of generationsOf(name, existing)) {
      const before = await indexNames(db, collection)
      await openStore(db, collection).prepare()
      for (const index of await indexNames(db, collection)) {
        if (index === '_id_') continue
        results.push({ outcome: before.includes(index) ? 'unchanged' : 'created', collection, index })
      }
    }
  }
  return results
}

/** A store without indexes has no collection before its first document. */
async function indexNames(db: Db, collection: string): Promise<string[]> {
  const exists = await db.listCollections({ name: collection }, { nameOnly: true }).hasNext()
  return exists ? (await db.collection(collection).indexes()).map(({ name }) => name ?? '') : []
}

/** A rebuild creates `product_g1` and so on; afterwards the first generation may be dropped. */
function generationsOf(readModel: string, existing: readonly string[]): string[] {
  const later = existing.filter((name) => name.startsWith(`${readModel}_g`) && /_g\d+$/.test(name))
  return later.length > 0 && !existing.includes(readModel) ? later : [readModel, ...later]
}
