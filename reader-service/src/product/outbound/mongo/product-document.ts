import type { Collection, Db } from 'mongodb'
import type { Product, ProductState } from '../../domain/product.ts'
import { words } from '../../domain/words.ts'

export type LiveDocument = {
  _id: string
  version: number
  deleted: false
  name: string
  description: string
  category: string
  priceCents: number
  createdAt: Date
  updatedAt: Date
  /** What search looks at. */
  words: string[]
}

/** No words and no category: no search finds it. */
type TombstoneDocument = { _id: string; version: number; deleted: true }

export type ProductDocument = LiveDocument | TombstoneDocument

export function productCollection(db: Db, name = 'products'): Collection<ProductDocument> {
  return db.collection<ProductDocument>(name)
}

export function toDocument(state: ProductState): ProductDocument {
  if (state.deleted) return { _id: state.id, version: state.version, deleted: true }
  const { id, ...fields } = state
  // The description comes last: if one of them is too long for the index, it is the one to be cut.
  return {
    _id: id,
    ...fields,
    words: words(`${state.name} ${state.category} ${state.description}`),
  }
}

export function toState(document: ProductDocument): ProductState {
  if (document.deleted) return { id: document._id, version: document.version, deleted: true }
  return toProduct(document)
}

export function toProduct(document: LiveDocument): Product {
  return {
    id: document._id,
    version: document.version,
    name: document.name,
    description: document.description,
    category: document.category,
    priceCents: document.priceCents,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    deleted: false,
  }
}
