import type { Db } from 'mongodb'
import type { CacheGeneration, GenerationStore } from '../redis/cache-generation.ts'

type GenerationDocument = CacheGeneration & { _id: string }

/** One document says which generation of cache entries counts, for all replicas. */
export function mongoGenerationStore(db: Db, _id = 'products'): GenerationStore {
  const generations = db.collection<GenerationDocument>('cache_generations')
  return {
    async read() {
      const found =
        (await generations.findOne({ _id })) ??
        (await generations.findOneAndUpdate(
          { _id },
          // By the clock: when the database was emptied, old entries must not count again.
          { $setOnInsert: { number: Date.now(), open: true } },
          { upsert: true, returnDocument: 'after' },
        ))
      if (!found) throw new Error('the document is neither there nor was it made')
      return { number: found.number, open: found.open }
    },
    async close(number) {
      await generations.updateOne({ _id, number }, { $set: { open: false } })
    },
    async openNext(number) {
      await generations.updateOne({ _id, number, open: false }, { $set: { number: number + 1, open: true } })
    },
  }
}
