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

export type IndexResult = { outcome: 'created' | 'unchanged'; index: Index }

/** Makes the indexes that are missing. Rejects when one of a name above has another key. */
export async function ensureIndexes(db: Db): Promise<IndexResult[]> {
  const results: IndexResult[] = []
  for (const index of mongoIndexes) {
    const collection = db.collection(index.collection)
    const there = (await collection.indexes().catch(noneYet)).map(({ name }) => name)
    // Asking for an index that is there compares its key, and refuses when it differs.
    await collection.createIndex(index.key, { name: index.name })
    results.push({ outcome: there.includes(index.name) ? 'unchanged' : 'created', index })
  }
  return results
}

/** NamespaceNotFound: the collection is made with its first index. */
function noneYet(error: { code?: number }): { name: string }[] {
  if (error.code === 26) return []
  throw error
}
