import { categoryTotals } from './product/category-totals.ts'
import { productHistory } from './product/product-history.ts'
import { productReadModel } from './product/product-read-model.ts'
import type { ReadModel } from './runtime/read-model.ts'
import { stockReadModel } from './stock/stock-read-model.ts'
import { stockTotals } from './stock/stock-totals.ts'

/** The read models of this service. */
export const readModels: readonly ReadModel[] = [
  productReadModel,
  productHistory,
  categoryTotals,
  stockReadModel,
  stockTotals,
  // The next one: docs/add-your-own-aggregate.md
]
