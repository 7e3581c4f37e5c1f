import type { Db } from 'mongodb'
import { productCollection } from '../../../product/outbound/mongo/product-document.ts'
import { mongoProjectionStore } from '../../../product/outbound/mongo/projection-store.ts'
import { namesOf } from '../../app/model-generations.ts'
import type { GenerationData } from '../../app/ports.ts'

const NAMESPACE_NOT_FOUND = 26

export function mongoGenerationData(db: Db): GenerationData {
  return {
    async prepare(number, like) {
      const indexes = await db.collection(namesOf(like).collection).indexes().catch(noneThere)
      const collection = db.collection(namesOf(number).collection)
      for (const { name, key } of indexes) {
        if (name !== undefined && name !== '_id_') await collection.createIndex(key, { name })
      }
    },
    async apply(number, states) {
      await mongoProjectionStore(productCollection(db, namesOf(number).collection)).apply(states)
    },
    async drop(number) {
      const { collection } = namesOf(number)
      await db.collection(collection).drop().catch(noneThere)
      await db.collection<{ _id: string }>('cache_generations').deleteOne({ _id: collection })
    },
  }
}

/** The stand-in for MongoDB gives the message without the code. */
function noneThere(error: { code?: number; message?: string }): [] {
  if (error.code === NAMESPACE_NOT_FOUND || error.message === 'ns not found') return []
  throw error
}
