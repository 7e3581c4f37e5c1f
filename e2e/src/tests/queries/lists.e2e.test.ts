import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { readable } from '../../clients/readable.ts'
import type { Stack } from '../../system/stack.ts'
import { test } from '../../system/stack-test.ts'

/* Sorted lists, counts and top lists through all protocols. */

type Item = { id: string; version: number; name: string; priceCents: number }

/** The default of READER_TOP_MAX_LAG_MS. */
const MAX_LAG_MS = 1_000

/** Products of a category that no other test uses. */
async function createProducts({ writers, reader }: Stack, products: { name: string; priceCents: number }[]) {
  const category = `c${randomBytes(5).toString('hex')}`
  const ids: string[] = []
  for (const product of products) {
    const { id } = await writers[0].grpc.createProduct({ product: { ...product, category } })
    await readable(reader, id, 1)
    ids.push(id)
  }
  return { category, ids }
}

async function read({ reader }: Stack, path: string) {
  const { status, headers, json } = await reader.http.send('GET', path)
  expect(status).toBe(200)
  return { headers, body: json as { items: Item[]; madeAt: string } }
}

test('a list has the same order over HTTP, gRPC and the command line, in both directions', async ({
  stack,
}) => {
  const { category } = await createProducts(stack, [
    { name: 'Öl', priceCents: 5 },
    { name: 'apple', priceCents: 5 },
    { name: 'Zebra', priceCents: 1 },
  ])
  const lockstep = lockstepOf(stack)
  const orders = {
    name: ['apple', 'Öl', 'Zebra'],
    '-name': ['Zebra', 'Öl', 'apple'],
    createdAt: ['Öl', 'apple', 'Zebra'],
    '-createdAt': ['Zebra', 'apple', 'Öl'],
  }
  for (const [sort, names] of Object.entries(orders)) {
    const { body } = await read(stack, `/api/v1/products?category=${category}&sort=${sort}`)
    expect(body.items.map(({ name }) => name)).toEqual(names)
    const { items } = await stack.reader.grpc.searchProducts({ category, sort })
    expect(items.map(({ name }) => name)).toEqual(names)
    const { json } = await lockstep('--json', 'query', 'list', '--category', category, `--sort=${sort}`)
    expect(json.map(({ name }) => name)).toEqual(names)
  }
  const prices = async (sort: string) => {
    const { body } = await read(stack, `/api/v1/products?category=${category}&sort=${sort}`)
    return body.items.map(({ priceCents }) => priceCents)
  }
  expect([await prices('priceCents'), await prices('-priceCents')]).toEqual([
    [1, 5, 5],
    [5, 5, 1],
  ])
  const { json } = await stack.reader.http.send('GET', '/api/v1/stock?maxAvailable=1&sort=updatedAt')
  expect(json).toMatchObject({ code: 'invalid', errors: [{ field: 'sort' }] })
})

test('a count is exact, over HTTP and on the command line', async ({ stack }) => {
  const names = ['one teapot', 'two teapots', 'kettle']
  const { category } = await createProducts(
    stack,
    names.map((name) => ({ name, priceCents: 1 })),
  )
  const path = `/api/v1/products/count?category=${category}`
  expect((await read(stack, path)).body).toEqual({ count: 3, exact: true })
  expect((await read(stack, `${path}&search=teap`)).body).toEqual({ count: 2, exact: true })
  const { out } = await lockstepOf(stack)('query', 'count', '--category', category, '--search', 'kett')
  expect(out.trim()).toBe('1')
})

test('a top list is made once, kept, and has every change after the lag', async ({ stack }) => {
  const { category, ids } = await createProducts(stack, [
    { name: 'cheap', priceCents: 1 },
    { name: 'dear', priceCents: 9 },
  ])
  const path = `/api/v1/products/top?category=${category}&by=priceCents&limit=2`
  const top = () => read(stack, path)
  const found = await Promise.all(Array.from({ length: 20 }, top))
  expect(found.filter(({ headers }) => headers.get('x-document') === 'made')).toHaveLength(1)
  for (const { body, headers } of found) {
    expect(body.items.map(({ name }) => name)).toEqual(['dear', 'cheap'])
    expect(body.madeAt).toBe(found[0]!.body.madeAt)
    expect(headers.get('age')).toMatch(/^\d+$/)
  }

  const [cheap] = ids as [string]
  for (let priceCents = 10; priceCents < 15; priceCents++) {
    const changed = { id: cheap, product: { priceCents }, updateMask: ['priceCents'] }
    const { version } = await stack.writers[0].grpc.updateProduct(changed)
    await readable(stack.reader, cheap, version)
    // The projection writes MongoDB first, and the version is readable from then on.
    await sleep(MAX_LAG_MS + 200)
    const { body } = await top()
    expect(body.items[0]).toMatchObject({ name: 'cheap', version, priceCents })
  }
  const { out } = await lockstepOf(stack)('query', 'top', '--category', category, '--limit', '1')
  expect(out).toContain('cheap')
})
