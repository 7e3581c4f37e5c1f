import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import {
  ProductQueriesClient,
  ProductQueriesService,
  type CountProductsRequest,
  type CountProductsResponse,
  type GetProductResponse,
  type ListTopProductsRequest,
  type ListTopProductsResponse,
  type SearchProductsRequest,
  type SearchProductsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { serveGrpc, type GrpcServer } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ItemQuery, ListedItem } from '../runtime/queries/item-finder.ts'
import { encodedItem } from '../runtime/queries/load-item.ts'
import { encodePageToken } from '../runtime/queries/page-token.ts'
import { readModelQueries } from '../runtime/queries/read-model-queries.ts'
import type { GetItem } from '../runtime/versions/get-item.ts'
import { madeEachTime } from '../runtime/testing/query-ports.ts'
import { productAt } from './testing/product-states.ts'
import { productReadModel } from './product-read-model.ts'

/** The contract of gRPC: a real server and a real client, without the stores. */
const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const product = productAt(id, 3)
const getItem = vi.fn<GetItem>(async () => encodedItem(productReadModel.items, product))
const listed = { item: product, key: product.createdAt }
const list = vi.fn(async (_: ItemQuery): Promise<ListedItem[]> => [listed])
let server: GrpcServer
let client: ProductQueriesClient

beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [
      productReadModel.queries.grpc(
        grpcService,
        readModelQueries(productReadModel, {
          getItem,
          finder: { list, count: async () => 10_001 },
          document: madeEachTime({ list }),
        }),
      ),
    ],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
  })
  client = new ProductQueriesClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

function get(request: { id: string; minVersion?: number }, deadline?: number): Promise<GetProductResponse> {
  const options = deadline === undefined ? {} : { deadline }
  return new Promise((resolve, reject) => {
    client.getProduct(request, new Metadata(), options, (error, response) =>
      error ? reject(error) : resolve(response),
    )
  })
}

function search(request: Partial<SearchProductsRequest>): Promise<SearchProductsResponse> {
  const full = { search: '', category: '', sort: '', pageToken: '', ...request }
  return new Promise((resolve, reject) => {
    client.searchProducts(full, (error, response) => (error ? reject(error) : resolve(response)))
  })
}

function count(request: Partial<CountProductsRequest>): Promise<CountProductsResponse> {
  const full = { search: '', category: '', ...request }
  return new Promise((resolve, reject) => {
    client.countProducts(full, (error, response) => (error ? reject(error) : resolve(response)))
  })
}

function top(request: Partial<ListTopProductsRequest>): Promise<ListTopProductsResponse> {
  const full = { category: '', by: '', ...request }
  return new Promise((resolve, reject) => {
    client.listTopProducts(full, (error, response) => (error ? reject(error) : resolve(response)))
  })
}

async function refusal(call: Promise<unknown>): Promise<{ code: status; fields: string[] }> {
  const [result] = await Promise.allSettled([call])
  if (result.status === 'fulfilled') throw new Error('the call succeeded')
  const { code, metadata } = result.reason as ServiceError
  const [bytes] = metadata.get('grpc-status-details-bin')
  if (!bytes) return { code, fields: [] }
  const [detail] = Status.decode(bytes as Buffer).details
  return { code, fields: BadRequest.decode(detail!.value).fieldViolations.map(({ field }) => field) }
}

test('a product is returned; the deadline of the call reaches the query', async () => {
  const { deleted: _, ...message } = product
  const startedAt = Date.now()
  const deadline = startedAt + 30_000
  expect(await get({ id: id.toUpperCase(), minVersion: 3 }, deadline)).toEqual({ product: message })
  const [query] = getItem.mock.lastCall!
  expect(query).toMatchObject({ id, minVersion: 3 })
  // It is sent as the time that is left, so the transfer adds to it; 10 ms are for rounding.
  expect(Math.abs(query.deadline! - deadline)).toBeLessThanOrEqual(Date.now() - startedAt + 10)
})

test('a call without a deadline waits as long as it takes', async () => {
  await get({ id })
  expect(getItem.mock.lastCall![0]).toEqual({ id, minVersion: undefined, deadline: Infinity })
})

test('a page is returned; its token is empty on the last page', async () => {
  const { deleted: _, ...message } = product
  expect(await search({})).toEqual({ items: [message], nextPageToken: '' })
  list.mockResolvedValueOnce([listed, listed])
  expect((await search({ pageSize: 1 })).nextPageToken).not.toBe('')
})

test('the fields of a search reach the store', async () => {
  const filters = { search: 'tea', category: 'kitchen' }
  const after = { key: 'teapot', id }
  const scope = { list: 'searchProducts', sort: 'name', filters: Object.values(filters) }
  const pageToken = encodePageToken(after, scope)
  await search({ ...filters, sort: 'name', pageSize: 100, pageToken })
  expect(list).toHaveBeenLastCalledWith({
    conditions: [{ words: /^tea/ }, { category: 'kitchen' }],
    order: { by: 'foldedName', direction: 'ascending', ids: 'ascending' },
    after,
    limit: 101,
    deadline: Infinity,
  })
})

test.each<[Partial<SearchProductsRequest>, string[]]>([
  [{ pageSize: 0 }, ['page_size']],
  [{ pageSize: 101 }, ['page_size']],
  [{ pageSize: -1 }, ['page_size']],
  [{ pageToken: 'garbage' }, ['page_token']],
  [{ sort: 'price_cents' }, ['sort']],
  [{ search: '\0', category: 'A', pageSize: 0 }, ['search', 'category', 'page_size']],
])('search %o is INVALID_ARGUMENT', async (request, fields) => {
  expect(await refusal(search(request))).toEqual({ code: status.INVALID_ARGUMENT, fields })
})

test('a count, and the highest products', async () => {
  expect(await count({ search: 'tea' })).toEqual({ count: 10_000, exact: false })
  expect((await refusal(count({ category: 'A' }))).fields).toEqual(['category'])
  const { deleted: _, ...message } = product
  expect(await top({ by: 'updatedAt', category: 'kitchen', limit: 1 })).toEqual({
    items: [message],
    madeAt: new Date(1_700_000_000_000),
    ageMs: 0,
    document: 'made',
  })
  expect(list.mock.lastCall![0]).toMatchObject({
    conditions: [{ category: 'kitchen' }],
    order: { by: 'updatedAt', direction: 'descending', ids: 'ascending' },
    limit: 1,
  })
  await top({})
  expect(list.mock.lastCall![0]).toMatchObject({
    conditions: [],
    order: { by: 'priceCents', direction: 'descending', ids: 'descending' },
    limit: 10,
  })
  expect((await refusal(top({ by: 'name', limit: 0 }))).fields).toEqual(['by', 'limit'])
})

test.each([
  [{ id: 'x' }, ['id']],
  [{ id: '', minVersion: 0 }, ['id', 'min_version']],
  [{ id, minVersion: -1 }, ['min_version']],
])('get %o is INVALID_ARGUMENT', async (request, fields) => {
  expect(await refusal(get(request))).toEqual({ code: status.INVALID_ARGUMENT, fields })
})

test.each([
  ['not_found', status.NOT_FOUND],
  ['read_model_behind', status.UNAVAILABLE],
  ['unavailable', status.UNAVAILABLE],
  ['overloaded', status.RESOURCE_EXHAUSTED],
  ['deadline_exceeded', status.DEADLINE_EXCEEDED],
] as const)('%s has its status', async (error, code) => {
  getItem.mockRejectedValueOnce(new AppError(error, 'because'))
  expect(await refusal(get({ id }))).toEqual({ code, fields: [] })
})

test('bytes that are not a message, and a number that is too large for a version, are INVALID_ARGUMENT', async () => {
  const raw = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  // Field 2 (min_version) as a varint of 2^63 - 1, behind a field that ends too early.
  for (const bytes of [
    [0x0a, 0x7f],
    [0x10, ...Array<number>(8).fill(0xff), 0x7f],
  ]) {
    const call = new Promise((resolve, reject) => {
      const { path } = ProductQueriesService.getProduct
      raw.makeUnaryRequest(
        path,
        (sent: Buffer) => sent,
        (got) => got,
        Buffer.from(bytes),
        (error, response) => (error ? reject(error) : resolve(response)),
      )
    })
    expect((await refusal(call)).code).toBe(status.INVALID_ARGUMENT)
  }
  raw.close()
})
