import { openMongo } from '@lockstep/core/mongo/client.ts'
import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { queryRoutes } from '../runtime/inbound/http-routes.ts'
import { summaryRoutes } from '../runtime/inbound/summary-routes.ts'
import { encodedItem } from '../runtime/queries/load-item.ts'
import { readModelQueries } from '../runtime/queries/read-model-queries.ts'
import { startsWith } from '../runtime/queries/starts-with.ts'
import { madeEachTime } from '../runtime/testing/query-ports.ts'
import { readModelSuite } from '../runtime/testing/read-model-suite.ts'
import { searchedTexts } from './testing/search-pairs.ts'
import { productAt, tombstoneAt } from './testing/product-states.ts'
import { productReadModel } from './product-read-model.ts'

readModelSuite(productReadModel, {
  state: (id, version) => productAt(id, version, { name: `Thé "vert" 🍵\u2028 ${version}` }),
  deleted: tombstoneAt,
  listed: {
    searchProducts: {
      createdAt: (id, version, key) =>
        productAt(id, version, { createdAt: new Date(1_700_000_000_000 + key) }),
      // Case and accents do not count.
      name: (id, version, key) =>
        productAt(id, version, { name: `${version % 2 ? 'Ébène' : 'ebene'} ${1_000 + key}` }),
      priceCents: (id, version, key) => productAt(id, version, { priceCents: key }),
    },
  },
  top: {
    searchProducts: {
      priceCents: (id, version, key) => productAt(id, version, { priceCents: key }),
      updatedAt: (id, version, key) =>
        productAt(id, version, { updatedAt: new Date(1_700_000_000_000 + key) }),
    },
  },
})

describe('search', () => {
  const mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' })
  const store = productReadModel.openStore(mongo.db, 'product')
  const finder = productReadModel.openFinder(mongo.db, 'product', { timeoutMs: 5_000 })
  const app = createHttpApp({
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: new Registry(),
    admit: (work) => work(),
  })
  const getItem = async ({ id }: { id: string }) => {
    const item = await finder.find(id)
    if (!item || item.deleted) throw new Error(`there is no product ${id}`)
    return encodedItem(productReadModel.items, item)
  }
  const queries = readModelQueries(productReadModel, { getItem, finder, document: madeEachTime(finder) })
  summaryRoutes(app, productReadModel.queries, queries)
  queryRoutes(app, productReadModel, queries)

  const ids = {
    teapot: '00000000-0000-7000-8000-00000000000a',
    kettle: '00000000-0000-7000-8000-00000000000b',
    dotted: '00000000-0000-7000-8000-00000000000c',
    gone: '00000000-0000-7000-8000-00000000000d',
  }

  beforeAll(async () => {
    await store.prepare()
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

  async function find(search: string, category = ''): Promise<string[]> {
    const response = await app.request(
      `/api/v1/products?${new URLSearchParams({ search, category }).toString()}`,
    )
    const { items } = (await response.json()) as { items: { id: string }[] }
    return items.map(({ id }) => Object.entries(ids).find(([, known]) => known === id)?.[0] ?? id)
  }

  test('a product has its public form', async () => {
    expect(await (await app.request(`/api/v1/products/${ids.kettle}`)).json()).toEqual({
      id: ids.kettle,
      version: 2,
      name: 'Kettle',
      description: 'not for tea',
      category: 'camping',
      priceCents: 0,
      createdAt: '2026-03-14T09:26:53.589Z',
      updatedAt: '2026-03-15T10:00:00.123Z',
    })
  })

  test.each([
    ['a prefix of any word of name, description or category', 'tea', ['teapot', 'kettle']],
    ['case and accents are ignored', 'CRÉME', ['teapot']],
    ['the category is searched too', 'camp', ['kettle']],
    ['all words are required', 'tea kett', ['kettle']],
    ['all words are required', 'teapot kettle', []],
    ['the middle of a word does not match', 'eapot', []],
    ['scripts without spaces', '緑茶', ['dotted']],
    ['an empty search applies no filter', '', ['teapot', 'kettle', 'dotted']],
    ['a search without a word finds nothing', '!?', []],
  ])('%s: %j', async (_, text, expected) => {
    expect(await find(text)).toEqual(expected)
  })

  test.each(searchedTexts)('$rule', async ({ text, finds, doesNotFind }) => {
    const id = crypto.randomUUID()
    // Its words are searched too, and no search begins with x.
    const category = 'x'
    onTestFinished(() => store.apply([tombstoneAt(id, 2)]).then(() => undefined))
    await store.apply([productAt(id, 1, { name: text, description: '', category })])
    for (const search of finds) expect([search, await find(search, category)]).toEqual([search, [id]])
    for (const search of doesNotFind) expect([search, await find(search, category)]).toEqual([search, []])
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
    'also where they reach the filter: %s',
    async (prefix) => {
      const conditions = [{ words: startsWith(prefix) }]
      const order = { by: 'createdAt', direction: 'descending', ids: 'ascending' } as const
      expect(
        await finder.list({ conditions, order, after: undefined, limit: 9, deadline: Infinity }),
      ).toEqual([])
    },
  )

  test('a count is how many products a search finds', async () => {
    const counted = async (search: string, category = '') => {
      const parameters = new URLSearchParams({ search, category }).toString()
      return (await app.request(`/api/v1/products/count?${parameters}`)).json()
    }
    expect(await counted('tea')).toEqual({ count: 2, exact: true })
    expect(await counted('tea', 'kitchen')).toEqual({ count: 1, exact: true })
    expect(await counted('')).toEqual({ count: 3, exact: true })
    expect(await counted('!?')).toEqual({ count: 0, exact: true })
  })

  test('names are sorted by their folded text', async () => {
    const sorted = async (sort: string) => {
      const response = await app.request(`/api/v1/products?sort=${sort}`)
      const { items } = (await response.json()) as { items: { name: string }[] }
      return items.map(({ name }) => name)
    }
    expect(await sorted('name')).toEqual(['a.b*c+d', 'Crème TEAPOT', 'Kettle'])
    expect(await sorted('-name')).toEqual(['Kettle', 'Crème TEAPOT', 'a.b*c+d'])
  })

  test.each(['name', '-name'])(
    'a list by %s never omits a document of a release without the field: it is refused when it reaches it',
    async (sort) => {
      const products = mongo.db.collection<{ _id: string }>('product')
      const _id = crypto.randomUUID()
      onTestFinished(async () => void (await products.deleteOne({ _id })))
      await products.insertOne({ _id, deleted: false, version: 1 } as never)
      const page = async (pageToken = '') => {
        const response = await app.request(
          `/api/v1/products?sort=${sort}&pageSize=2${pageToken && `&pageToken=${pageToken}`}`,
        )
        return (await response.json()) as { nextPageToken?: string }
      }
      // The document is the first by name, and the last of two pages by -name.
      const last = sort === 'name' ? await page() : await page((await page()).nextPageToken)
      expect(last).toMatchObject({
        code: 'unavailable',
        detail: 'Rebuild the read model: a document has no foldedName',
      })
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

  test.each<[string, string]>([
    ['search=%00', 'search'],
    [`search=${'x'.repeat(501)}`, 'search'],
    ['category=Not%20a%20slug', 'category'],
    [`category=${'x'.repeat(61)}`, 'category'],
  ])('%s is invalid', async (parameters, field) => {
    const response = await app.request(`/api/v1/products?${parameters}`)
    expect(await response.json()).toMatchObject({ code: 'invalid', errors: [{ field }] })
  })
})
