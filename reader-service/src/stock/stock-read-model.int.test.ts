import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { expect, inject, test } from 'vitest'
import { orderOf } from '../runtime/queries/requests.ts'
import { measuredMongo } from '../runtime/testing/query-cost.ts'
import { readModelSuite } from '../runtime/testing/read-model-suite.ts'
import { stockReadModel, type Stock } from './stock-read-model.ts'

const stockAt = (id: string, version: number, changed: Partial<Stock> = {}): Stock => ({
  id,
  version,
  deleted: false,
  onHand: 100 + version,
  reserved: 40,
  updatedAt: new Date('2026-03-15T10:00:00.123Z'),
  ...changed,
})

readModelSuite(stockReadModel, {
  state: stockAt,
  listed: {
    listStock: {
      available: (id, version, key) => stockAt(id, version, { onHand: key, reserved: 0 }),
      updatedAt: (id, version, key) => stockAt(id, version, { updatedAt: new Date(1_700_000_000_000 + key) }),
    },
  },
})

test('a list of stock examines few documents more than it returns', async () => {
  await using mongo = measuredMongo(freshMongo(inject('mongoUrl')))
  const store = stockReadModel.openStore(mongo.db, 'stock')
  const finder = stockReadModel.openFinder(mongo.db, 'stock', { timeoutMs: 30_000 })
  await store.prepare()
  const stocks = Array.from({ length: 2_000 }, (_, i) =>
    stockAt(`${i}`, 1, { onHand: (i * 7) % 1_000, reserved: 0 }),
  )
  await store.apply(stocks)

  const { sorts } = stockReadModel.queries.lists['listStock']!
  for (const sort of ['available', '-available', 'updatedAt', '-updatedAt']) {
    for (const maxAvailable of [undefined, 2, 900]) {
      if (sort.endsWith('updatedAt') && maxAvailable !== undefined) continue
      const { returned, examined } = await mongo.costOf(() =>
        finder.list({
          conditions: maxAvailable === undefined ? [] : [{ available: { $lte: maxAvailable } }],
          order: orderOf({ sorts }, sort)!,
          after: undefined,
          limit: 21,
          deadline: Infinity,
        }),
      )
      expect(returned).toBe(maxAvailable === 2 ? 6 : 21)
      expect(examined).toBe(returned)
    }
  }
})
