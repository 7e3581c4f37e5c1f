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

/**
 * The read models that a process runs.
 *
 * @param names separated by commas; empty for all of them
 * @throws if there is no read model of a name
 */
export function readModelsNamed(names: string): readonly ReadModel[] {
  if (names === '') return readModels
  const chosen = new Set(names.split(',').map((name) => name.trim()))
  const unknown = [...chosen].filter((name) => readModels.every((readModel) => readModel.name !== name))
  if (unknown.length > 0) {
    const known = readModels.map(({ name }) => name).join(', ')
    throw new Error(
      `READER_READ_MODELS: there is no read model "${unknown.join('", "')}"; there are ${known}`,
    )
  }
  return readModels.filter(({ name }) => chosen.has(name))
}
