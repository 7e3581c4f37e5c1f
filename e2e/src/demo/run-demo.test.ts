import { randomUUID } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'
import { expect, test } from 'vitest'
import type { QueriesClient } from '../clients/grpc-client.ts'
import type { HttpClient } from '../clients/http-client.ts'
import { readCatalogue } from './catalogue.ts'
import { runDemo } from './run-demo.ts'

/** Both services in a Map. `spoil` stands for whatever goes wrong between them. */
function run(spoil: (product: Product) => Product | undefined) {
  const model = new Map<string, Product | undefined>()
  const at = new Date(0)
  const writer = {
    url: '',
    async send(method: string, path: string, request: { json?: unknown } = {}) {
      const id = path.split('/')[4] ?? randomUUID()
      const held = model.get(id)
      const defaults = method === 'PUT' ? { description: '', category: 'general' } : {}
      const next = { ...held, ...defaults, ...(request.json as object), id, createdAt: at, updatedAt: at }
      const version = (held?.version ?? 0) + 1
      model.set(id, method === 'DELETE' ? undefined : ({ ...next, version } as Product))
      return { status: 200, headers: new Headers(), text: '', json: { id, version } }
    },
  } as HttpClient
  const reader = {
    async getProduct({ id }: { id: string }) {
      const held = model.get(id)
      const product = held && spoil(held)
      if (!product) throw Object.assign(new Error('5 NOT_FOUND'), { code: status.NOT_FOUND })
      return { product }
    },
  } as unknown as QueriesClient
  return runDemo({ writer, reader, catalogue: readCatalogue(), onProgress: () => {} })
}

test('with services that do as they are told all products are right', async () => {
  const result = await run((product) => product)
  expect(result).toMatchObject({ products: 200, changed: 60, deleted: 20, wrong: [] })
  expect(result.waitsMs).toHaveLength(280)
})

test('one field of one product that comes back otherwise is told', async () => {
  const { wrong } = await run((product) =>
    product.name === 'Penny' ? { ...product, priceCents: product.priceCents + 1 } : product,
  )
  expect(wrong).toEqual([{ name: 'Penny', differences: [expect.stringContaining('priceCents')] }])
})

test('a product that is lost is told', async () => {
  const { wrong } = await run((product) => (product.name === 'Penny' ? undefined : product))
  expect(wrong).toEqual([{ name: 'Penny', differences: ['it cannot be found'] }])
})
