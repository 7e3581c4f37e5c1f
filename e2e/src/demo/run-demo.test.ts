import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { expect, test } from 'vitest'
import type { QueriesClient } from '../clients/grpc-client.ts'
import type { HttpClient } from '../clients/http-client.ts'
import { readCatalogue } from './catalogue.ts'
import { runDemo } from './run-demo.ts'

/** Both services in a Map. `alter` is the error between them. */
function run(alter: (product: Product) => Product | undefined) {
  const model = new Map<string, Product | undefined>()
  const at = new Date(0)
  const writer = {
    url: '',
    async send(method: string, path: string, request: { json?: unknown } = {}) {
      const id = path.split('/')[4] ?? randomUUID()
      const stored = model.get(id)
      const defaults = method === 'PUT' ? { description: '', category: 'general' } : {}
      const next = { ...stored, ...defaults, ...(request.json as object), id, createdAt: at, updatedAt: at }
      const version = (stored?.version ?? 0) + 1
      model.set(id, method === 'DELETE' ? undefined : ({ ...next, version } as Product))
      return { status: 200, headers: new Headers(), text: '', json: { id, version } }
    },
  } as HttpClient
  const reader = {
    async getProduct({ id }: { id: string }) {
      const stored = model.get(id)
      const product = stored && alter(stored)
      if (!product) throw Object.assign(new Error('5 NOT_FOUND'), { code: status.NOT_FOUND })
      return { product }
    },
  } as unknown as QueriesClient
  return runDemo({ writer, reader, catalogue: readCatalogue(), onProgress: () => {} })
}

test('with correct services all products are right', async () => {
  const result = await run((product) => product)
  expect(result).toMatchObject({ products: 200, changed: 60, deleted: 20, wrong: [] })
  expect(result.waitsMs).toHaveLength(280)
})

test('one field of one product that differs is reported', async () => {
  const { wrong } = await run((product) =>
    product.name === 'Penny' ? { ...product, priceCents: product.priceCents + 1 } : product,
  )
  expect(wrong).toEqual([{ name: 'Penny', differences: [expect.stringContaining('priceCents')] }])
})

test('a lost product is reported', async () => {
  const { wrong } = await run((product) => (product.name === 'Penny' ? undefined : product))
  expect(wrong).toEqual([{ name: 'Penny', differences: ['it cannot be found'] }])
})
