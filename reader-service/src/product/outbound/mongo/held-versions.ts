import type { Collection, FindOptions } from 'mongodb'
import type { ProductDocument } from './product-document.ts'

/** The versions that the model holds of these ids, tombstones included; an id that it never had is left out. */
export async function heldVersions(
  products: Collection<ProductDocument>,
  ids: readonly string[],
  limits: FindOptions = {},
): Promise<Map<string, number>> {
  const options = { ...limits, projection: { version: 1 } }
  const found = await products.find({ _id: { $in: [...ids] } }, options).toArray()
  return new Map(found.map((document) => [document._id, document.version]))
}
