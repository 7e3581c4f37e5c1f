import { z } from '@hono/zod-openapi'
import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ProductDetails } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { versionedDocument } from '../runtime/projection/versioned-document.ts'
import type { Tombstone } from '../runtime/queries/definition.ts'
import { slugFilter } from '../runtime/queries/slug-filter.ts'
import type { Source } from '../runtime/read-model.ts'
import { foldText } from './fold-text.ts'
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

/** The orders of lists. An index that ends with one of them returns a page without sorting, in both directions. */
const newestFirst = { createdAt: -1, _id: 1 } as const
const byName = { foldedName: 1, _id: 1 } as const
const cheapestFirst = { priceCents: 1, _id: 1 } as const
const lastChangedFirst = { updatedAt: -1, _id: 1 } as const

/** Code points. Compatibility forms can make a folded name longer than a name can be. */
const MAX_FOLDED_NAME = 250

/**
 * Lists by name compare this text by its code points, then the id: case, accents and invisible characters do not
 * count. It is the same order in every language, which a language's own collation is not.
 */
function foldedName(name: string): string {
  const folded = foldText(name)
  return folded.length <= MAX_FOLDED_NAME ? folded : [...folded].slice(0, MAX_FOLDED_NAME).join('')
}

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
    foldedName: foldedName(name),
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
    { name: 'by_name', key: { deleted: 1, ...byName }, purpose: 'all products by name' },
    {
      name: 'by_name_in_category',
      key: { category: 1, deleted: 1, ...byName },
      purpose: 'products of a category by name',
    },
    { name: 'by_price', key: { deleted: 1, ...cheapestFirst }, purpose: 'all products by price' },
    {
      name: 'by_price_in_category',
      key: { category: 1, deleted: 1, ...cheapestFirst },
      purpose: 'products of a category by price',
    },
    {
      name: 'last_changed',
      key: { deleted: 1, ...lastChangedFirst },
      purpose: 'the products that changed last',
    },
    {
      name: 'last_changed_in_category',
      key: { category: 1, deleted: 1, ...lastChangedFirst },
      purpose: 'the products of a category that changed last',
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
        'Every word of `search` is the beginning of some word of name, description or category; ' +
        'case, accents, vowel points and invisible characters are ignored. In a script without spaces, a word begins ' +
        'at every letter. The first 100 distinct words of a product count. ' +
        'Products that are created between two pages do not move the others. A product whose name or price changes ' +
        'while a caller reads pages in that order may move to another page. The order of names ignores case, accents ' +
        'and invisible characters, and is that of the code points of the other characters.',
      filters: { search: searchFilter, category: slugFilter('category', 'kitchen') },
      sorts: {
        createdAt: { by: 'createdAt', index: 'descending' },
        name: { by: 'foldedName' },
        priceCents: { by: 'priceCents' },
      },
      defaultSort: '-createdAt',
      count: {
        path: '/api/v1/products/count',
        operationId: 'countProducts',
        summary: 'Count products',
      },
      top: {
        path: '/api/v1/products/top',
        operationId: 'listTopProducts',
        summary: 'List the highest products',
        filters: ['category'],
        by: { priceCents: { by: 'priceCents' }, updatedAt: { by: 'updatedAt', index: 'descending' } },
        defaultBy: 'priceCents',
      },
    },
  },
  grpc: (service, queries) =>
    service(ProductQueriesService, {
      getProduct: async (request, call) => ({ product: await queries.get(request, call) }),
      searchProducts: (request, call) => queries.lists.searchProducts(request, call),
      countProducts: (request, call) => queries.counts.searchProducts(request, call),
      listTopProducts: (request, call) => queries.tops.searchProducts(request, call),
    }),
})
