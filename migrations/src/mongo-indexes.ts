import type { Db, IndexSpecification } from 'mongodb'

type Index = { collection: string; name: string; key: IndexSpecification; purpose: string }

/** The order (createdAt desc, id asc) is that of search results, so an index gives a page without sorting. */
const newestFirst = { createdAt: -1, _id: 1 } as const

export const mongoIndexes: readonly Index[] = [
  {
    collection: 'products',
    name: 'newest',
    key: { deleted: 1, ...newestFirst },
    purpose: 'all products',
  },
  {
    collection: 'products',
    name: 'newest_in_category',
    key: { category: 1, deleted: 1, ...newestFirst },
    purpose: 'products of a category',
  },
  {
    collection: 'products',
    name: 'words',
    key: { words: 1, ...newestFirst },
    purpose: 'search by the beginnings of words',
  },
]

export type IndexResult = { outcome: 'created' | 'unchanged'; collection: string; index: Index }

/** Makes the indexes that are missing. Rejects when one of a name above has another key. */
export async function ensureIndexes(db: Db): Promise<IndexResult[]> {
  const existing = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
  const results: IndexResult[] = []
  for (const index of mongoIndexes) {
    for (const name of generationsOf(index.collection, existing)) {
      const collection = db.collection(name)
      const there = existing.includes(name) ? (await collection.indexes()).map((each) => each.name) : []
      // Asking for an index that is there compares its key, and refuses when it differs.
      await collection.createIndex(index.key, { name: index.name })
      results.push({
        outcome: there.includes(index.name) ? 'unchanged' : 'created',
        collection: name,
        index,
      })
    }
  }
  return results
}

/** A rebuild makes `products_g1` and so on; the first may be dropped after it. */
function generationsOf(collection: string, existing: readonly string[]): string[] {
  const later = existing.filter((name) => name.startsWith(`${collection}_g`) && /_g\d+$/.test(name))
  return later.length > 0 && !existing.includes(collection) ? later : [collection, ...later]
}
