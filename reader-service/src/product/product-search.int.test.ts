import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { searchProducts } from '../../app/search-products.ts'
import { productAt, tombstoneAt } from '../../../testing/products.ts'
import { decodePageToken } from '../../domain/page-token.ts'
import { productCollection } from './product-document.ts'
import { mongoProductFinder } from './product-finder.ts'
import { mongoProjectionStore } from './projection-store.ts'

const mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' })
const products = productCollection(mongo.db)
const store = mongoProjectionStore(products)
const finder = mongoProductFinder(products, { timeoutMs: 5_000 })
const search = searchProducts(finder)

const ids = {
  teapot: '00000000-0000-7000-8000-00000000000a',
  kettle: '00000000-0000-7000-8000-00000000000b',
  dotted: '00000000-0000-7000-8000-00000000000c',
  gone: '00000000-0000-7000-8000-00000000000d',
}

beforeAll(async () => {
  await store.apply([
    productAt(ids.teapot, 1, { name: 'Crème TEAPOT', description: 'Holds 1.2 l', category: 'kitchen' }),
    productAt(ids.kettle, 2, { name: 'Kettle', description: 'not for tea', category: 'camping' }),
    productAt(ids.dotted, 1, { name: 'a.b*c+d', description: '日本の緑茶', category: 'general' }),
    tombstoneAt(ids.gone, 5),
  ])
})
afterAll(async () => {
  await mongo.db.dropDatabase()
  await mongo[Symbol.asyncDispose]()
})

async function find(text: string, category = ''): Promise<string[]> {
  const { items } = await search({ search: text, category, pageSize: 100, after: undefined })
  return items.map(({ id }) => Object.entries(ids).find(([, known]) => known === id)?.[0] ?? id)
}

test('a product is found by its id, and so is what is left of a deleted one', async () => {
  expect(await finder.find(ids.kettle)).toMatchObject({ name: 'Kettle', version: 2, deleted: false })
  expect(await finder.find(ids.gone)).toEqual(tombstoneAt(ids.gone, 5))
  expect(await finder.find(crypto.randomUUID())).toBeUndefined()
})

test.each([
  ['the beginning of any word of name, description or category', 'tea', ['teapot', 'kettle']],
  ['case and accents are ignored', 'CRÉME', ['teapot']],
  ['the category is searched too', 'camp', ['kettle']],
  ['all words are required', 'tea kett', ['kettle']],
  ['all words are required', 'teapot kettle', []],
  ['the middle of a word is no beginning', 'eapot', []],
  ['scripts without spaces', '緑茶', ['dotted']],
  ['an empty search is no filter', '', ['teapot', 'kettle', 'dotted']],
  ['a search without a word finds nothing', '!?', []],
])('%s: %j', async (_, text, expected) => {
  expect(await find(text)).toEqual(expected)
})

test.each([
  ['.*', []],
  ['t.apot', []],
  ['[t]eapot', []],
  ['\\w', []],
  ['a{1}', []],
  ['^tea', ['teapot', 'kettle']],
  ['(tea)+', ['teapot', 'kettle']],
  ['tea|kettle', ['kettle']],
  ['a.b*c+d', ['dotted']],
])('characters that are special in regular expressions are ordinary: %s', async (text, expected) => {
  expect(await find(text)).toEqual(expected)
})

test.each(['.', '^', 't.a', '[a-z]', 'a|t', '(?i)T', '\\D', '/', '-'])(
  'even where they reach the filter: %s',
  async (prefix) => {
    const found = await finder.search({
      prefixes: [prefix],
      category: undefined,
      after: undefined,
      limit: 9,
      deadline: Infinity,
    })
    expect(found).toEqual([])
  },
)

test('the category is matched exactly', async () => {
  expect(await find('', 'camping')).toEqual(['kettle'])
  expect(await find('', 'camp')).toEqual([])
  expect(await find('tea', 'kitchen')).toEqual(['teapot'])
})

test('a deleted product is found by no search', async () => {
  const id = crypto.randomUUID()
  await store.apply([productAt(id, 1, { name: 'Ephemeral' })])
  expect(await find('ephemeral')).toEqual([id])
  await store.apply([tombstoneAt(id, 2)])
  expect(await find('ephemeral')).toEqual([])
})

test('paging through 1,000 products while others are created gives each exactly once', async () => {
  const category = 'paged'
  // Many share a millisecond, so that the id decides.
  const at = (ms: number) => new Date(1_700_000_000_000 + ms)
  const existing = Array.from({ length: 1_000 }, (_, i) =>
    productAt(crypto.randomUUID(), 1, { category, createdAt: at(Math.floor(i / 7)) }),
  )
  await store.apply(existing)

  const seen: string[] = []
  let after
  for (let page = 0; ; page++) {
    const { items, nextPageToken } = await search({ search: '', category, pageSize: 37, after })
    seen.push(...items.map(({ id }) => id))
    // Newer ones, and some of a millisecond that the paging has passed or is about to reach.
    await store.apply(
      [page, 200 + page, 70].map((ms) => productAt(crypto.randomUUID(), 1, { category, createdAt: at(ms) })),
    )
    // A change of a product moves it nowhere.
    await store.apply(items.slice(0, 3).map(({ id, createdAt }) => productAt(id, 2, { category, createdAt })))
    if (nextPageToken === undefined) break
    after = decodePageToken(nextPageToken, { search: '', category })
    expect(after).toBeDefined()
  }
  const known = new Set(existing.map(({ id }) => id))
  expect(seen.filter((id) => known.has(id)).toSorted()).toEqual([...known].toSorted())
  expect(new Set(seen).size).toBe(seen.length)
})
