import { AppError } from '@lockstep/core/errors/app-error.ts'
import { createHttpApp, refuseOtherMethods } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import type { GetProduct } from '../../app/get-product.ts'
import type { SearchProducts } from '../../app/search-products.ts'
import { encodePageToken } from '../../domain/page-token.ts'
import { productAt } from '../../../testing/products.ts'
import { productRoutes } from './product-routes.ts'

/** The protocol alone: use cases that are told what to answer. */
const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const product = productAt(id, 3)
const getProduct = vi.fn<GetProduct>(async () => product)
const searchProducts = vi.fn<SearchProducts>(async () => ({ items: [product], nextPageToken: undefined }))
const log = createLog({ service: 'test', level: 'silent' })
const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
productRoutes(app, { getProduct, searchProducts })
refuseOtherMethods(app)

const path = `/api/v1/products/${id}`
const json = {
  id,
  version: 3,
  name: 'Teapot, version 3',
  description: 'Blue',
  category: 'kitchen',
  priceCents: 0,
  createdAt: '2026-03-14T09:26:53.589Z',
  updatedAt: '2026-03-15T10:00:00.123Z',
}

async function problem(answered: Response | Promise<Response>) {
  const answer = await answered
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const body = (await answer.json()) as { code: string; status: number; errors?: { field: string }[] }
  expect(body.status).toBe(answer.status)
  const fields = body.errors?.map(({ field }) => field)
  return { status: answer.status, code: body.code, fields, headers: answer.headers }
}

test('a product is answered with its version as entity tag', async () => {
  const answer = await app.request(`/api/v1/products/${id.toUpperCase()}?minVersion=3`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('etag')).toBe('"3"')
  expect(await answer.json()).toEqual(json)
  expect(getProduct).toHaveBeenLastCalledWith({ id, minVersion: 3 })
})

test('who has the version already gets 304 and no body', async () => {
  const answer = await app.request(path, { headers: { 'if-none-match': '"2", W/"3"' } })
  expect(answer.status).toBe(304)
  expect(answer.headers.get('etag')).toBe('"3"')
  expect(await answer.text()).toBe('')
  expect((await app.request(path, { headers: { 'if-none-match': '"2"' } })).status).toBe(200)
})

test('HEAD is GET without the body', async () => {
  const answer = await app.request(path, { method: 'HEAD' })
  expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([200, '"3"', ''])
})

test('a page has a token unless it is the last', async () => {
  const last = await app.request('/api/v1/products')
  expect(await last.json()).toEqual({ items: [json] })
  searchProducts.mockResolvedValueOnce({ items: [], nextPageToken: 'abc' })
  expect(await (await app.request('/api/v1/products')).json()).toEqual({ items: [], nextPageToken: 'abc' })
})

test('the parameters of a search reach it', async () => {
  const position = { createdAt: new Date(7), id }
  const pageToken = encodePageToken(position, { search: 'tea pot', category: 'kitchen' })
  await app.request(`/api/v1/products?search=tea+pot&category=kitchen&pageSize=100&pageToken=${pageToken}`)
  const expected = { search: 'tea pot', category: 'kitchen', pageSize: 100, after: position }
  expect(searchProducts).toHaveBeenLastCalledWith(expected)
})

test.each([
  ['/api/v1/products/42', ['id']],
  ['/api/v1/products/%FF', ['id']],
  [`${path}?minVersion=0`, ['minVersion']],
  [`${path}?minVersion=one`, ['minVersion']],
  [`${path}?minVersion=`, ['minVersion']],
  [`${path}?minVersion=1&minVersion=2`, ['minVersion']],
  [`${path}?min_version=1`, ['min_version']],
  ['/api/v1/products/42?x=1&minVersion=-1', ['x', 'id', 'minVersion']],
  ['/api/v1/products?pageSize=0', ['pageSize']],
  ['/api/v1/products?pageSize=101', ['pageSize']],
  ['/api/v1/products?pageSize=-1', ['pageSize']],
  ['/api/v1/products?pageSize=ten', ['pageSize']],
  ['/api/v1/products?pageToken=garbage', ['pageToken']],
  ['/api/v1/products?search=a&search=b', ['search']],
  ['/api/v1/products?search=%00', ['search']],
  ['/api/v1/products?category=Not%20a%20slug', ['category']],
])('%s is invalid', async (target, fields) => {
  expect(await problem(app.request(target))).toMatchObject({ status: 400, code: 'invalid', fields })
})

test.each([
  ['not_found', 404, null],
  ['read_model_behind', 503, '1'],
  ['overloaded', 503, '1'],
  ['unavailable', 503, '1'],
  ['deadline_exceeded', 504, null],
] as const)('%s is a problem with status %i', async (code, status, retryAfter) => {
  getProduct.mockRejectedValueOnce(new AppError(code, 'because'))
  const answer = await problem(app.request(path))
  expect(answer).toMatchObject({ status, code })
  expect(answer.headers.get('retry-after')).toBe(retryAfter)
})

test('an unexpected error is not shown', async () => {
  getProduct.mockRejectedValueOnce(new TypeError('secret'))
  const answer = await app.request(path)
  expect(answer.status).toBe(500)
  expect(await answer.text()).not.toContain('secret')
})

test('other methods and paths are refused with problems', async () => {
  const answer = await problem(app.request(path, { method: 'DELETE' }))
  expect(answer).toMatchObject({ status: 405, code: 'method_not_allowed' })
  expect(answer.headers.get('allow')).toBe('GET, HEAD')
  expect(await problem(app.request('/api/v1/nothing'))).toMatchObject({ status: 404, code: 'not_found' })
})
