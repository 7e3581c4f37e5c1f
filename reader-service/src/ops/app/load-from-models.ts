import type { LoadProduct } from '../../product/app/load-product.ts'

/**
 * Loads from the model that queries see. While there is another one, a caller who was answered with a version that this
 * one does not have yet is answered from there: neither a switch nor a switch back takes anybody into the past.
 */
export function loadFromModels(models: {
  active: () => { load: LoadProduct }
  others: () => { load: LoadProduct }[]
}): LoadProduct {
  return async (id, floor) => {
    let newest = await models.active().load(id, floor)
    for (const other of models.others()) {
      if ((newest?.version ?? 0) >= floor) break
      // It may be about to go; the model that queries see has answered.
      const state = await other.load(id, floor).catch(() => undefined)
      if (state && state.version > (newest?.version ?? 0)) newest = state
    }
    return newest
  }
}
