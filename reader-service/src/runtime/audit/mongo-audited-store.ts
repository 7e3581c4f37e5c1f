import { isDeepStrictEqual } from 'node:util'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Collection } from 'mongodb'
import type { ProductState } from '../../product/domain/product.ts'
import { toDocument, type ProductDocument } from '../../product/outbound/mongo/product-document.ts'
import { mongoProjectionStore } from '../../product/outbound/mongo/projection-store.ts'
import type { AuditedModel, Held } from '../rebuild/writer-states.ts'

export function mongoAuditedModel(products: Collection<ProductDocument>): AuditedModel {
  const projection = mongoProjectionStore(products)
  return {
    list: (after, limit) =>
      answered(async () => {
        const filter = after === undefined ? {} : { _id: { $gt: after } }
        return (await products.find(filter).sort({ _id: 1 }).limit(limit).toArray()).map(heldDocument)
      }),
    find: (ids) =>
      answered(async () => {
        const found = await products.find({ _id: { $in: [...ids] } }).toArray()
        return new Map(found.map((document) => [document._id, heldDocument(document)]))
      }),
    count: () => answered(() => products.estimatedDocumentCount()),
    advance: (truth) => answered(async () => (await projection.apply([truth])).has(truth.id)),
    replace: (seenVersion, truth) =>
      answered(async () => {
        const { _id, ...fields } = toDocument(truth)
        const { matchedCount } = await products.replaceOne({ _id, version: seenVersion }, fields)
        return matchedCount > 0
      }),
    remove: (id, seenVersion) =>
      answered(async () => (await products.deleteOne({ _id: id, version: seenVersion })).deletedCount > 0),
  }
}

function heldDocument(document: ProductDocument): Held {
  return {
    id: document._id,
    version: document.version,
    differences(truth: ProductState) {
      const held: Record<string, unknown> = document
      const wanted: Record<string, unknown> = toDocument(truth)
      const fields = new Set([...Object.keys(held), ...Object.keys(wanted)])
      return [...fields].filter((field) => !isDeepStrictEqual(held[field], wanted[field])).toSorted()
    },
  }
}

async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new AppError('unavailable', 'The read model cannot be reached', { cause: error })
  }
}
