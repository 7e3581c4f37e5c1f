import { createRoute, z } from '@hono/zod-openapi'
import type { ErrorCode } from '@lockstep/core/errors/app-error.ts'
import { problemResponses } from '@lockstep/core/http/problem-docs.ts'
import { newProduct, productChanges, productDetails } from '../../app/product-input.ts'

/** The OpenAPI description of the commands, beside the routes that serve them. */

const idParam = z.object({
  id: z.string().meta({ format: 'uuid', example: '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11' }),
})
const idempotencyKey = z.object({
  'Idempotency-Key': z
    .string()
    .regex(/^[!-~]([ -~]{0,253}[!-~])?$/)
    .optional()
    .meta({
      description:
        'Makes the command safe to repeat: whoever sends it again with this key gets the first answer, and it takes effect once. Kept for a day.',
      example: '0196a8c4-9b1c-7d5e-8a37-0c2f8e6f7a10',
    }),
})
const targeted = idempotencyKey.extend({
  'If-Match': z
    .string()
    .regex(/^("[1-9][0-9]{0,14}"|\*)$/)
    .optional()
    .meta({ description: 'Refuse with 412 unless the product has this version: `"3"`, or `*` for any' }),
})

const result = z
  .object({ id: z.string().meta({ format: 'uuid' }), version: z.int().min(1) })
  .meta({ example: { id: '0196a8c4-6d1e-7c3a-9f52-3f6f1f0a4b11', version: 1 } })

const etag = { ETag: { schema: { type: 'string' as const }, description: 'The version, in quotes' } }
const location = { Location: { schema: { type: 'string' as const }, description: 'Path of the product' } }

const answer = (description: string, headers: object = {}) => ({
  description,
  headers: { ...etag, ...headers },
  content: { 'application/json': { schema: result } },
})

const body = (schema: z.ZodType, mediaTypes: readonly string[] = ['application/json']) => ({
  required: true,
  content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }])),
})

const everyCommand: ErrorCode[] = [
  'malformed',
  'invalid',
  'idempotency_mismatch',
  'internal',
  'overloaded',
  'unavailable',
  'outcome_unknown',
  'deadline_exceeded',
]
const withBody: ErrorCode[] = ['request_timeout', 'too_large', 'unsupported_media_type']
const onExisting: ErrorCode[] = ['not_found', 'version_conflict']

/** Media types of a PATCH body; both are read as a merge patch (RFC 7396) without nulls. */
export const patchMediaTypes = ['application/merge-patch+json', 'application/json'] as const

export const createProductRoute = createRoute({
  operationId: 'createProduct',
  method: 'post',
  path: '/api/v1/products',
  tags: ['Products'],
  summary: 'Create a product',
  request: { headers: idempotencyKey, body: body(newProduct) },
  responses: {
    201: answer('Created; readable through the reader within moments', location),
    ...problemResponses([...everyCommand, ...withBody, 'already_exists']),
  },
})

export const replaceProductRoute = createRoute({
  operationId: 'replaceProduct',
  method: 'put',
  path: '/api/v1/products/{id}',
  tags: ['Products'],
  summary: 'Replace a product: fields left out take their default',
  request: { params: idParam, headers: targeted, body: body(productDetails) },
  responses: {
    200: answer('Replaced, or already as asked: then the version stays'),
    ...problemResponses([...everyCommand, ...withBody, ...onExisting]),
  },
})

export const patchProductRoute = createRoute({
  operationId: 'patchProduct',
  method: 'patch',
  path: '/api/v1/products/{id}',
  tags: ['Products'],
  summary: 'Change some fields of a product',
  request: { params: idParam, headers: targeted, body: body(productChanges, patchMediaTypes) },
  responses: {
    200: answer('Changed, or already as asked: then the version stays'),
    ...problemResponses([...everyCommand, ...withBody, ...onExisting]),
  },
})

export const deleteProductRoute = createRoute({
  operationId: 'deleteProduct',
  method: 'delete',
  path: '/api/v1/products/{id}',
  tags: ['Products'],
  summary: 'Delete a product for good: its id cannot be used again',
  request: { params: idParam, headers: targeted },
  responses: {
    200: answer('Deleted'),
    ...problemResponses([...everyCommand, ...onExisting]),
  },
})
