import type { Db } from 'mongodb'
import type { CacheEpoch, CacheEpochStore } from './cache-epoch.ts'

type EpochDocument = CacheEpoch & { _id: string }

/** One document per generation of a read model, for all replicas. Its id is the name of the collection. */
export function mongoCacheEpoch(db: Db, collection: string): CacheEpochStore & { drop: () => Promise<void> } {
  const epochs = db.collection<EpochDocument>('cache_epochs')
  const _id = collection
  return {
    async read() {
      const found =
        (await epochs.findOne({ _id })) ??
        (await epochs.findOneAndUpdate(
          { _id },
          // From the clock: when the database was emptied, entries of the time before are not used.
          { $setOnInsert: { number: Date.now(), open: true } },
          { upsert: true, returnDocument: 'after' },
        ))
      if (!found) throw new Error(`failed to create the cache epoch of ${collection}`)
      return { number: found.number, open: found.open }
    },
    async close(number) {
      await epochs.updateOne({ _id, number }, { $set: { open: false } })
    },
    async openNext(number) {
      await epochs.updateOne({ _id, number, open: false }, { $set: { number: number + 1, open: true } })
    },
    async drop() {
      await epochs.deleteOne({ _id })
    },
  }
}
