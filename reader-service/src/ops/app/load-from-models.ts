import type { LoadProduct } from '../../product/app/load-product.ts'
import { askModels, type SeenModels } from './running-models.ts'

/**
 * Loads from the model that queries see. While there is another one, a caller who was answered with a version that this
 * one does not have yet is answered from there: neither a switch nor a switch back takes anybody into the past. A model
 * goes once the one in use has at least what it has.
 */
export function loadFromModels(seen: () => SeenModels<{ load: LoadProduct }>): LoadProduct {
  return (id, floor) =>
    askModels(seen, async ({ active, others }) => {
      let newest = await active.load(id, floor)
      for (const other of others) {
        if ((newest?.version ?? 0) >= floor) break
        const state = await other.load(id, floor)
        if (state && state.version > (newest?.version ?? 0)) newest = state
      }
      return newest
    })
}
