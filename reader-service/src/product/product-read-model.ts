import { z } from '@hono/zod-openapi'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { versionedDocument } from '../runtime/projection/versioned-document.ts'
import { slugFilter } from '../runtime/queries/slug-filter.ts'
import { productSource, type Product } from './product-source.ts'
import { searchFilter, words } from './search.ts'

/** The order of search results. An index that ends with it returns a page without sorting. */
const newestFirst = { createdAt: -1, _id: 1 } as const

/** The read model of products: one document per product, found by id and by search. */
export const productReadModel = versionedDocument({
  name: 'product',
  source: productSource,

  document: ({ name, description, category, priceCents, createdAt, updatedAt }: Product) => ({
    name,
    description,
    category,
    priceCents,
    createdAt,
    updatedAt,
    // The description comes last: if there are too many words, its words are the ones that are cut.
    words: words(`${name} ${category} ${description}`),
  }),
  indexes: [
    { name: 'newest', key: { deleted: 1, ...newestFirst }, purpose: 'all products' },
    {
      name: 'newest_in_category',
      key: { category: 1, deleted: 1, ...newestFirst },
      purpose: 'products of a category',
    },
    { name: 'words', key: { words: 1, ...newestFirst }, purpose: 'search by the beginnings of words' },
  ],

  schema: 'Product',
  fields: {
    name: z.string().openapi({ example: 'Blue enamel teapot' }),
    description: z.string().openapi({ example: 'Holds 1.2 l; dishwasher safe' }),
    category: z.string().openapi({ example: 'kitchen' }),
    priceCents: z.int().min(0).openapi({ example: 3490 }),
    createdAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-14T09:26:53.589Z' }),
    updatedAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-15T10:00:00.000Z' }),
  },

  tag: 'Products',
  get: {
    path: '/api/v1/products/{id}',
    operationId: 'getProduct',
    summary: 'Get a product',
    noun: 'product',
  },
  lists: {
    searchProducts: {
      path: '/api/v1/products',
      summary: 'Search products',
      description:
        'Newest first. Every word of `search` is the beginning of some word of name, description or category; ' +
        'case, accents, vowel points and invisible characters are ignored. In a script without spaces, a word begins ' +
        'at every letter. The first 100 distinct words of a product count. ' +
        'Products that are created between two pages do not move the others.',
      filters: { search: searchFilter, category: slugFilter('category', 'kitchen') },
      order: { by: 'createdAt', direction: 'descending' },
    },
  },
  grpc: (service, queries) =>
    service(ProductQueriesService, {
      getProduct: async (request, call) => ({ product: await queries.get(request, call) }),
      searchProducts: (request, call) => queries.lists.searchProducts(request, call),
    }),
})
