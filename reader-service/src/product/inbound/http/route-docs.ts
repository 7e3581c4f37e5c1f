import { createRoute, z } from '@hono/zod-openapi'
import { problemResponses } from '@lockstep/core/http/problem-docs.ts'
import {
  categoryPattern,
  MAX_CATEGORY_LENGTH,
  MAX_PAGE_SIZE,
  MAX_SEARCH_LENGTH,
} from '../../app/query-rules.ts'

/** What the API says of itself. Requests are checked by `app/query-rules.ts`, the same for every protocol. */

const id = z.string().openapi({ format: 'uuid', example: '0198c0de-7a11-7c0d-8000-5eed0000cafe' })

const product = z
  .strictObject({
    id,
    version: z.int().min(1).openapi({ example: 3, description: 'Counts the changes of this product' }),
    name: z.string().openapi({ example: 'Blue enamel teapot' }),
    description: z.string().openapi({ example: 'Holds 1.2 l; dishwasher safe' }),
    category: z.string().openapi({ example: 'kitchen' }),
    priceCents: z.int().min(0).openapi({ example: 3490 }),
    createdAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-14T09:26:53.589Z' }),
    updatedAt: z.iso.datetime({ precision: 3 }).openapi({ example: '2026-03-15T10:00:00.000Z' }),
  })
  .openapi('Product')

const page = z
  .strictObject({
    items: z.array(product),
    nextPageToken: z.string().optional().openapi({ description: 'Absent on the last page' }),
  })
  .openapi('ProductPage')

const etag = z.string().openapi({ example: '"3"', description: 'The version' })

export const getProductRoute = createRoute({
  method: 'get',
  tags: ['Products'],
  path: '/api/v1/products/{id}',
  operationId: 'getProduct',
  summary: 'Get a product',
  description:
    'With `minVersion` the answer waits, for a second at most, until the read model has that version: pass ' +
    'the version that a command answered to read your own write.',
  request: {
    params: z.object({ id }),
    query: z.object({
      minVersion: z
        .int()
        .min(1)
        .optional()
        .openapi({ example: 1, description: 'The least version to answer' }),
    }),
    headers: z.object({
      'if-none-match': z.string().optional().openapi({ example: '"3"', description: '304 if this is it' }),
    }),
  },
  responses: {
    200: {
      description: 'The product',
      headers: z.object({ ETag: etag }),
      content: { 'application/json': { schema: product } },
    },
    304: { description: 'The caller has this version', headers: z.object({ ETag: etag }) },
    ...problemResponses([
      'invalid',
      'not_found',
      'internal',
      'overloaded',
      'unavailable',
      'read_model_behind',
      'deadline_exceeded',
    ]),
  },
})

export const searchProductsRoute = createRoute({
  method: 'get',
  tags: ['Products'],
  path: '/api/v1/products',
  operationId: 'searchProducts',
  summary: 'Search products',
  description:
    'Newest first. Every word of `search` is the beginning of some word of name, description or category; ' +
    'case and accents are ignored. Products that are created between two pages do not move the others.',
  request: {
    query: z.object({
      search: z.string().max(MAX_SEARCH_LENGTH).optional().openapi({ example: 'enam teapot' }),
      category: z
        .string()
        .max(MAX_CATEGORY_LENGTH)
        .regex(categoryPattern)
        .or(z.literal(''))
        .optional()
        .openapi({ example: 'kitchen', description: 'Exactly this category' }),
      pageSize: z.int().min(1).max(MAX_PAGE_SIZE).default(20).optional(),
      pageToken: z.string().optional().openapi({
        description: '`nextPageToken` of the page before, with the same `search` and `category`',
      }),
    }),
  },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: page } } },
    ...problemResponses(['invalid', 'internal', 'unavailable', 'deadline_exceeded']),
  },
})
