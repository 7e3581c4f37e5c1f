import { z } from '@hono/zod-openapi'
import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ProductDetails } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { versionedDocument } from '../runtime/projection/versioned-document.ts'
import type { Tombstone } from '../runtime/queries/definition.ts'
import { slugFilter } from '../runtime/queries/slug-filter.ts'
import type { Source } from '../runtime/read-model.ts'
import { searchFilter, words } from './search.ts'

/** A product as its events carry it. Times are exact to the millisecond. */
export type Product = {
  readonly id: string
  /** 1 for the creation; each event adds one. */
  readonly version: number
  readonly name: string
  readonly description: string
  readonly category: string
  readonly priceCents: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deleted: false
}

export type ProductState = Product | Tombstone

/**
 * The states of products. The limits of names and prices are the writer's: a reader that repeated them would reject
 * events when the limits are raised.
 */
export const productSource: Source<ProductState, ProductEvent> = {
  contract: productEvents,

  stateOf(event) {
    const { productId: id, version } = event
    if (event.change?.$case === 'deleted') return { id, version, deleted: true }
    const { createdAt, occurredAt } = event
    return {
      id,
      version,
      ...detailsOf(event)!,
      createdAt: createdAt!,
      updatedAt: occurredAt!,
      deleted: false,
    }
  },

  invariant(event) {
    const { version, change } = event
    if ((version === 1) !== (change?.$case === 'created')) {
      return `version ${version} cannot be ${change?.$case}: the first version creates, and no other does`
    }
    if (change?.$case === 'deleted') return undefined
    const details = detailsOf(event)
    if (!details) return 'the details are missing'
    if (details.name === '') return 'the name is empty'
    if (details.category === '') return 'the category is empty'
    if (details.priceCents < 0) return `the price ${details.priceCents} is negative`
    return undefined
  },
}

function detailsOf({ change }: ProductEvent): ProductDetails | undefined {
  if (change?.$case === 'created') return change.created.details
  if (change?.$case === 'updated') return change.updated.details
  return undefined
}

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
