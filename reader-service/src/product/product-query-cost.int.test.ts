import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { orderOf, sortNames } from '../runtime/queries/requests.ts'
import { measuredMongo } from '../runtime/testing/query-cost.ts'
import { productReadModel } from './product-read-model.ts'
import { searchFilter } from './search.ts'
import { productAt } from './testing/product-states.ts'

const COUNT = 10_000
const PAGE = 21
/** A random order of the ids, which is not the order of creation. */
const idAt = (i: number) => `00000000-0000-7000-8000-${String((i * 7_919) % COUNT).padStart(12, '0')}`
const createdAt = (i: number) => new Date(1_700_000_000_000 + i * 1_000)

/** Every second product is blue, every fourth is in the garden; `rare` words are in ten products each. */
const product = (i: number) =>
  productAt(idAt(i), 1, {
    name: `${i % 2 === 0 ? 'blue' : 'green'} teapot`,
    category: i % 4 < 1 ? 'garden' : 'kitchen',
    description: `rare${i % (COUNT / 10)}x`,
    createdAt: createdAt(i),
    priceCents: priceOf(i),
  })
/** Not in the order of creation, and several have the same. */
const priceOf = (i: number) => (500 + i * 31) % 1_000
const keyAt = (i: number): Record<string, Date | number | string> => ({
  createdAt: createdAt(i),
  priceCents: priceOf(i),
  // Half of the products have the same.
  name: `${i % 2 === 0 ? 'blue' : 'green'} teapot`,
})

describe(`queries over ${COUNT} products`, () => {
  const { db, costOf, [Symbol.asyncDispose]: close } = measuredMongo(freshMongo(inject('mongoUrl')))
  const store = productReadModel.openStore(db, 'product')
  const finder = productReadModel.openFinder(db, 'product', { timeoutMs: 30_000 })

  beforeAll(async () => {
    await store.prepare()
    for (let from = 0; from < COUNT; from += 500) {
      await store.apply(Array.from({ length: 500 }, (_, i) => product(from + i)))
    }
  })
  afterAll(close)

  const { sorts } = productReadModel.queries.lists['searchProducts']!
  const search = (text: string, category = '', after?: number, sort = '-createdAt') =>
    finder.list({
      conditions: [...(text ? searchFilter.conditions(text)! : []), ...(category ? [{ category }] : [])],
      order: orderOf({ sorts }, sort)!,
      after: after === undefined ? undefined : { key: keyAt(after)[sort.replace('-', '')]!, id: idAt(after) },
      limit: PAGE,
      deadline: Infinity,
    })

  test.each<[string, () => Promise<{ length: number }>, number]>([
    ['the newest', () => search(''), PAGE],
    ['a category', () => search('', 'garden'), PAGE],
    ['a common word', () => search('blue'), PAGE],
    ['the beginning of a common word', () => search('te'), PAGE],
    ['a common word in a category', () => search('blue', 'garden'), PAGE],
    ['two common words', () => search('blue teap'), PAGE],
    ['a rare word', () => search('rare7x'), 10],
    ['a rare and a common word', () => search('teapot rare70x blue'), 10],
    ['a rare word that is not in the category', () => search('rare7x', 'garden'), 0],
    ['two rare words', () => search('rare7x rare8x'), 0],
    ['a page in the middle', () => search('blue', '', COUNT / 2), PAGE],
    ['the last page', () => search('green', '', 10), 5],
  ])('a search examines few documents more than it returns: %s', async (_, query, expected) => {
    const { returned, examined } = await costOf(query)
    expect(returned).toBe(expected)
    expect(examined).toBeLessThanOrEqual(4 * returned + 10)
  })

  describe.each(sortNames({ sorts }))('sorted by %s', (sort) => {
    test.each([
      ['all', () => search('', '', undefined, sort)],
      ['a category', () => search('', 'garden', undefined, sort)],
      ['a page in the middle', () => search('', '', COUNT / 2, sort)],
      ['a page in the middle of a category', () => search('', 'garden', COUNT / 2, sort)],
    ])('a page examines as many documents as it returns: %s', async (_, query) => {
      const { returned, examined } = await costOf(query)
      expect(returned).toBe(PAGE)
      expect(examined).toBe(returned)
    })

    test.each([
      ['a common word', () => search('te', '', undefined, sort), PAGE],
      ['a common word in a category', () => search('teapot', 'garden', undefined, sort), PAGE],
      ['a rare word', () => search('rare7x', '', undefined, sort), 10],
      ['a rare and a common word', () => search('teapot rare70x', '', undefined, sort), 10],
      ['a rare word that is not in the category', () => search('rare7x', 'garden', undefined, sort), 0],
    ])('a search examines few documents more than it returns: %s', async (_, query, expected) => {
      const { returned, examined } = await costOf(query)
      expect(returned).toBe(expected)
      expect(examined).toBeLessThanOrEqual(4 * returned + 10)
    })
  })

  test.each([
    ['all', '', ''],
    ['a category', '', 'garden'],
    ['a word', 'teapot', ''],
    ['two words', 'blue tea', ''],
    ['a word in a category', 'tea', 'garden'],
  ])('a count stops at its limit: %s', async (_, text, category) => {
    const conditions = [...(text ? searchFilter.conditions(text)! : []), ...(category ? [{ category }] : [])]
    const { returned, examined } = await costOf(async () => ({
      length: await finder.count({ conditions, limit: 100, deadline: Infinity }),
    }))
    expect(returned).toBe(100)
    expect(examined).toBeLessThanOrEqual(4 * returned + 10)
  })

  test('a count of more than its limit is exactly the limit', async () => {
    const counted = (limit: number) => finder.count({ conditions: [], limit, deadline: Infinity })
    expect([await counted(COUNT - 1), await counted(COUNT), await counted(COUNT + 1)]).toEqual([
      COUNT - 1,
      COUNT,
      COUNT,
    ])
  })

  test.each(['priceCents', 'updatedAt'])('a top list examines what it returns: by %s', async (by) => {
    const { top } = productReadModel.queries.lists['searchProducts']!
    for (const conditions of [[], [{ category: 'garden' }]]) {
      const order = orderOf({ sorts: top!.by }, `-${by}`)!
      const { returned, examined } = await costOf(() =>
        finder.list({ conditions, order, after: undefined, limit: 10, deadline: Infinity }),
      )
      expect({ returned, examined }).toEqual({ returned: 10, examined: 10 })
    }
  })

  test('an audit reads each document once', async () => {
    const seen = new Set<string>()
    let all = 0
    for (let after: string | undefined, last = false; !last;) {
      const { returned, examined } = await costOf(async () => {
        const page = await store.audited.list(after, 500)
        for (const { id } of page) seen.add(id)
        after = page.at(-1)?.id
        last = page.length < 500
        return page
      })
      expect(examined).toBeLessThanOrEqual(returned + 1)
      all += examined
    }
    expect(seen.size).toBe(COUNT)
    expect(all).toBeLessThanOrEqual(COUNT + 50)
  })

  test('documents are found by their ids without a scan', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => idAt(i * 3))
    const { returned, examined } = await costOf(() => store.versions([...ids, 'none']))
    expect({ returned, examined }).toEqual({ returned: 500, examined: 500 })
  })
})
