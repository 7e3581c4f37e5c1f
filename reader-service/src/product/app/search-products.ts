import { encodePageToken, type PagePosition } from '../domain/page-token.ts'
import type { Product } from '../domain/product.ts'
import { searchPrefixes } from '../domain/words.ts'
import type { ProductFinder } from './ports.ts'

export type SearchProductsQuery = {
  /** Empty is no filter. */
  search: string
  /** Empty is no filter. */
  category: string
  pageSize: number
  /** Where the page before ended; undefined for the first. */
  after: PagePosition | undefined
  /** When the caller stops waiting, in milliseconds since the epoch. */
  deadline?: number
}

export type ProductPage = {
  items: Product[]
  /** Undefined on the last page. */
  nextPageToken: string | undefined
}

/** Newest first, by createdAt and then id. Rejects with what the model rejects with. */
export type SearchProducts = (query: SearchProductsQuery) => Promise<ProductPage>

export function searchProducts(finder: Pick<ProductFinder, 'search'>): SearchProducts {
  return async ({ search, category, pageSize, after, deadline = Infinity }) => {
    const prefixes = searchPrefixes(search)
    // Text without a letter or digit in it finds nothing.
    if (search !== '' && prefixes.length === 0) return { items: [], nextPageToken: undefined }

    const found = await finder.search({
      prefixes,
      category: category === '' ? undefined : category,
      after,
      limit: pageSize + 1,
      deadline,
    })
    const items = found.slice(0, pageSize)
    const last = items.at(-1)
    const more = found.length > pageSize && last !== undefined
    return { items, nextPageToken: more ? encodePageToken(last, { search, category }) : undefined }
  }
}
