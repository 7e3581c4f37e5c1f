import { productReadModel } from './product/product-read-model.ts'
import type { ReadModel } from './runtime/read-model.ts'
import { stockReadModel } from './stock/stock-read-model.ts'

/** The read models of this service. */
export const readModels: readonly ReadModel[] = [
  productReadModel,
  stockReadModel,
  // The next one: docs/add-your-own-aggregate.md
]
