import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { eventually } from '../../system/eventually.ts'
import { readable } from '../../clients/readable.ts'
import { test } from '../../system/stack-test.ts'
import type { Stack } from '../../system/stack.ts'

/** A word that no other test uses. */
const word = () => `w${randomBytes(5).toString('hex')}`

type Page = { items: { id: string; name: string }[]; nextPageToken?: string }

/** The ids of one page over HTTP, compared with those over gRPC. */
async function find({ reader }: Stack, query: { search?: string; category?: string }): Promise<string[]> {
  const response = await reader.http.send(
    'GET',
    `/api/v1/products?${new URLSearchParams({ ...query, pageSize: '100' }).toString()}`,
  )
  expect(response.status).toBe(200)
  const ids = (response.json as Page).items.map(({ id }) => id)
  const { items } = await reader.grpc.searchProducts({ ...query, pageSize: 100 })
  expect(items.map(({ id }) => id)).toEqual(ids)
  return ids
}

async function create({ writers, reader }: Stack, product: object): Promise<string> {
  const { json } = await writers[0].http.send('POST', '/api/v1/products', {
    json: { priceCents: 1, ...product },
  })
  const { id } = json as { id: string }
  await readable(reader, id, 1)
  return id
}

test('search finds every product that has all words as prefixes, with any case and accents', async ({
  stack,
}) => {
  const [mine, other] = [word(), word()]
  const id = await create(stack, {
    name: `Théière ÉMAILLÉE ${mine}`,
    description: `Straße, 東京タワー, दिल, Ωμέγα; 1,2 l ${other}`,
    category: `tea-${mine}`,
  })
  const finds = (search: string) => find(stack, { search: `${search} ${mine}` })
  for (const search of [
    '',
    'THEIERE',
    'théi',
    'émail thé',
    'straß',
    'STRASS',
    'stra\u00adsse',
    '東京',
    '京タワ',
    'दिल',
    'ωμεγα',
    'ΩΜΈ',
    '1',
    'tea',
    other,
  ]) {
    expect(await finds(search), search).toEqual([id])
  }
  for (const search of ['heiere', 'theieres', 'thé absent', 'maillee', '東タワー', 'दल', 'xyz']) {
    expect(await finds(search), search).toEqual([])
  }
  // A prefix of the word that only the name and the category have.
  expect(await find(stack, { search: mine.slice(0, -1) })).toEqual([id])
  expect(await find(stack, { category: `tea-${mine}` })).toEqual([id])
  expect(await find(stack, { category: `tea-${mine}`, search: 'xyz' })).toEqual([])
})

test('characters that are special in regular expressions are ordinary in a search', async ({ stack }) => {
  const mine = word()
  const id = await create(stack, { name: `C++ (2nd) [new] a.b $9 50% ^x|y ${mine}` })
  for (const search of ['C++', '(2nd', '[new]', 'a.b', '$9', '50%', '^x|y', '\\a', '{9}', '?x']) {
    expect(await find(stack, { search: `${search} ${mine}` }), search).toEqual([id])
  }
  for (const search of ['.*', '.', '(', '[a-z]+', '^', '\\w', '*']) {
    // Without letters and digits a search contains no word; beside a word it has no effect.
    if (!/\w/.test(search)) expect(await find(stack, { search }), search).toEqual([])
    expect(await find(stack, { search: `${mine.slice(0, 4)}${search}${mine.slice(4)}` }), search).toEqual([])
  }
})

test('a change moves a product to its new words, and a deletion removes it from every search', async ({
  stack,
}) => {
  const { http } = stack.writers[0]
  const [before, after] = [word(), word()]
  const id = await create(stack, { name: before })
  await http.send('PATCH', `/api/v1/products/${id}`, { json: { name: after } })
  await readable(stack.reader, id, 2)
  expect(await find(stack, { search: before })).toEqual([])
  expect(await find(stack, { search: after })).toEqual([id])
  await http.send('DELETE', `/api/v1/products/${id}`)
  await readable(stack.reader, id, 3)
  expect(await find(stack, { search: after })).toEqual([])
})

test('paging gives each of 1,000 products once, newest first, while others are created', async ({
  stack,
}) => {
  const { writers, reader, mongo } = stack
  const category = word()
  const total = 1_000
  const make = async (client: number, count: number) => {
    const { grpc } = writers[client % 2] as (typeof writers)[number]
    const ids: string[] = []
    for (let made = 0; made < count; made++) {
      const { id } = await grpc.createProduct({ product: { name: 'Paged', priceCents: made, category } })
      ids.push(id)
    }
    return ids
  }
  const made = await Promise.all(Array.from({ length: 20 }, (_, client) => make(client, total / 20)))
  const existing = new Set(made.flat())
  const projected = () => mongo.collection('product').countDocuments({ category })
  await eventually(async () => expect(await projected()).toBe(total), { withinMs: 60_000 })

  const seen: { id: string; createdAt: number }[] = []
  let pageToken = ''
  let created = 0
  do {
    const [{ items, nextPageToken }] = await Promise.all([
      reader.grpc.searchProducts({ category, pageSize: 37, pageToken }),
      make(0, 3).then((ids) => (created += ids.length)),
    ])
    seen.push(...items.map(({ id, createdAt }) => ({ id, createdAt: createdAt?.getTime() ?? NaN })))
    pageToken = nextPageToken
  } while (pageToken !== '')

  expect(created).toBeGreaterThan(50)
  expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length)
  expect(seen.filter(({ id }) => existing.has(id))).toHaveLength(total)
  const order = seen.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
  expect(seen).toEqual(order)
})
