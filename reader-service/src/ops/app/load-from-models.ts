import type { LoadProduct } from '../../product/app/load-product.ts'
import type { ProductState } from '../../product/domain/product.ts'
import type { SeenModels } from './running-models.ts'

type Loading = { load: LoadProduct }

/**
 * Loads from the model that queries see. While there is another one, a caller who was answered with a version that this
 * one does not have yet is answered from there: neither a switch nor a switch back takes anybody into the past. A model
 * goes once the one in use has at least what it has; if one went meanwhile, that one may have been asked before and
 * this one after it.
 */
export function loadFromModels(seen: () => SeenModels<Loading>): LoadProduct {
  return async (id, floor) => {
    for (;;) {
      const models = seen()
      const newest = await newestOf(models, id, floor)
      if ((newest?.version ?? 0) >= floor || seen() === models) return newest
    }
  }
}

async function newestOf(
  { active, others }: SeenModels<Loading>,
  id: string,
  floor: number,
): Promise<ProductState | undefined> {
  let newest = await active.load(id, floor)
  for (const other of others) {
    if ((newest?.version ?? 0) >= floor) break
    const state = await other.load(id, floor)
    if (state && state.version > (newest?.version ?? 0)) newest = state
  }
  return newest
}
