import fc from 'fast-check'
import { expect, test } from 'vitest'
import { productAt } from '../../testing/products.ts'
import { decodePageToken, type PagePosition } from '../domain/page-token.ts'
import type { Product } from '../domain/product.ts'
import { searchProducts } from './search-products.ts'

const newestFirst = (a: PagePosition, b: PagePosition) =>
  b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? -1 : 1)

/** Answers as the model does. */
const finderOf = (products: readonly Product[]) => ({
  search: async ({ after, limit }: { after: PagePosition | undefined; limit: number }) =>
    products
      .toSorted(newestFirst)
      .filter((product) => after === undefined || newestFirst(after, product) < 0)
      .slice(0, limit),
})

// Few moments, so that many products share one and the id decides.
const catalogue = fc
  .uniqueArray(fc.record({ id: fc.uuid(), ms: fc.integer({ min: 0, max: 5 }) }), {
    selector: ({ id }) => id,
    maxLength: 60,
  })
  .map((all) => all.map(({ id, ms }) => productAt(id, 1, { createdAt: new Date(ms) })))

test('the pages together are all products, newest first, and no page is announced that is empty', async () => {
  await fc.assert(
    fc.asyncProperty(catalogue, fc.integer({ min: 1, max: 100 }), async (products, pageSize) => {
      const search = searchProducts(finderOf(products))
      const scope = { search: '', category: '' }
      const seen: Product[] = []
      for (let after: PagePosition | undefined, page = 0; ; page++) {
        const { items, nextPageToken } = await search({ ...scope, pageSize, after })
        seen.push(...items)
        if (page > 0) expect(items).not.toEqual([])
        if (nextPageToken === undefined) break
        expect(items).toHaveLength(pageSize)
        after = decodePageToken(nextPageToken, scope)
        expect(after).toBeDefined()
      }
      expect(seen).toEqual(products.toSorted(newestFirst))
    }),
  )
})
