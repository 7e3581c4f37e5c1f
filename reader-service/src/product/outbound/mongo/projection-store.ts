import { MongoBulkWriteError, type Collection } from 'mongodb'
import type { ProjectionStore } from '../../app/ports.ts'
import type { ProductState } from '../../domain/product.ts'
import { heldVersions } from './held-versions.ts'
import { toDocument, type ProductDocument } from './product-document.ts'

const DUPLICATE_KEY = 11_000

export function mongoProjectionStore(products: Collection<ProductDocument>): ProjectionStore {
  return {
    versions: (ids) => heldVersions(products, ids),

    async apply(states) {
      const collisions = await upsertAll(products, states)
      const refused = await Promise.all(
        collisions.map(async (state) => ((await replaceOlder(products, state)) ? undefined : state.id)),
      )
      const applied = new Set(states.map((state) => state.id))
      for (const id of refused) if (id !== undefined) applied.delete(id)
      return applied
    },
  }
}

/**
 * Replaces what is older and inserts what is absent. Gives the states that met a duplicate key.
 *
 * That does not mean that the model has something newer: where the filter matches nothing the server
 * inserts, and of two that insert the same absent id at once one fails, be it the newer.
 */
async function upsertAll(
  products: Collection<ProductDocument>,
  states: readonly ProductState[],
): Promise<ProductState[]> {
  if (states.length === 0) return []
  const operations = states.map((state) => ({
    replaceOne: { filter: olderThan(state), replacement: withoutId(state), upsert: true },
  }))
  try {
    await products.bulkWrite(operations, { ordered: false })
    return []
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error
    const errors = error.result.getWriteErrors()
    if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error
    return errors.map(({ index }) => states[index]!)
  }
}

/** Only "matched none" of an update that cannot insert means that the model has this version or a later. */
async function replaceOlder(products: Collection<ProductDocument>, state: ProductState): Promise<boolean> {
  const { matchedCount } = await products.replaceOne(olderThan(state), withoutId(state))
  return matchedCount > 0
}

function olderThan(state: ProductState) {
  return { _id: state.id, version: { $lt: state.version } }
}

function withoutId(state: ProductState) {
  const { _id, ...fields } = toDocument(state)
  return fields
}
