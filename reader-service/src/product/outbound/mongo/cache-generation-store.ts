import type { Db } from 'mongodb'
import type { CacheGeneration, GenerationStore } from '../redis/cache-generation.ts'

type GenerationDocument = CacheGeneration & { _id: string }

/** One document says which generation of cache entries counts, for all replicas. */
export function mongoGenerationStore(db: Db): GenerationStore {
  const generations = db.collection<GenerationDocument>('cache_generations')
  const _id = 'products'
  const first: CacheGeneration = { number: 1, open: true }
  return {
    async read() {
      const found =
        (await generations.findOne({ _id })) ??
        (await generations.findOneAndUpdate(
          { _id },
          { $setOnInsert: first },
          { upsert: true, returnDocument: 'after' },
        ))
      return found ? { number: found.number, open: found.open } : first
    },
    async close(number) {
      await generations.updateOne({ _id, number }, { $set: { open: false } })
    },
    async openNext(number) {
      await generations.updateOne({ _id, number, open: false }, { $set: { number: number + 1, open: true } })
    },
  }
}
