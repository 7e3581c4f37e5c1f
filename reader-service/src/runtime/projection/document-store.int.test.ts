import fc from 'fast-check'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import type { BulkWriteResult, Collection } from 'mongodb'
import { afterAll, expect, inject, test } from 'vitest'
import { productAt, tombstoneAt } from '../../../testing/products.ts'
import type { ProductState } from '../../domain/product.ts'
import { productCollection, toState, type ProductDocument } from './product-document.ts'
import { mongoProjectionStore } from './projection-store.ts'

const url = freshMongo(inject('mongoUrl'))
// Two clients, as two replicas that both believe to own the partition.
const clients = [openMongo({ url, appName: 'one' }), openMongo({ url, appName: 'other' })]
const [products, sameProducts] = clients.map(({ db }) => productCollection(db)) as [
  Collection<ProductDocument>,
  Collection<ProductDocument>,
]
const [one, other] = [mongoProjectionStore(products), mongoProjectionStore(sameProducts)]

afterAll(async () => {
  await products.db.dropDatabase()
  await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))
})

async function held(id: string) {
  const document = await products.findOne({ _id: id })
  return document && toState(document)
}

test('a state is applied if its version is higher, and never goes back', async () => {
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
  expect(await one.apply([productAt(a, 2), productAt(b, 1)])).toEqual(new Set([a, b]))
  expect(await one.apply([productAt(a, 1), productAt(b, 2)])).toEqual(new Set([b]))
  expect(await one.apply([productAt(a, 2), productAt(b, 2)])).toEqual(new Set())
  expect(await held(a)).toEqual(productAt(a, 2))
  expect(await held(b)).toEqual(productAt(b, 2))
  expect(await one.versions([a, b, crypto.randomUUID()])).toEqual(
    new Map([
      [a, 2],
      [b, 2],
    ]),
  )
})

test('a deletion leaves a tombstone and nothing of the product; a late update does not bring it back', async () => {
  const id = crypto.randomUUID()
  await one.apply([productAt(id, 1)])
  await one.apply([tombstoneAt(id, 3)])
  expect(await one.apply([productAt(id, 2)])).toEqual(new Set())
  expect(await products.findOne({ _id: id })).toEqual({ _id: id, version: 3, deleted: true })
})

const change = fc.record({
  product: fc.integer({ min: 0, max: 2 }),
  version: fc.integer({ min: 1, max: 6 }),
  deleted: fc.boolean(),
})
/** A batch has one state of each product. */
const batch = fc.uniqueArray(change, { selector: ({ product }) => product, maxLength: 3 })

test('whatever comes in whatever order, what is newer is applied, is all that is, and stays', async () => {
  const property = fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
    const ids = Array.from({ length: 3 }, () => crypto.randomUUID())
    const expected = new Map<string, ProductState>()
    for (const changes of batches) {
      const states = changes.map(({ product, version, deleted }) =>
        deleted ? tombstoneAt(ids[product]!, version) : productAt(ids[product]!, version),
      )
      const newer = states.filter(({ id, version }) => version > (expected.get(id)?.version ?? 0))
      expect(await one.apply(states)).toEqual(new Set(newer.map(({ id }) => id)))
      for (const state of newer) expected.set(state.id, state)
    }
    for (const id of ids) expect((await held(id)) ?? undefined).toEqual(expected.get(id))
  })
  await fc.assert(property, { numRuns: 200 })
})

test('nothing to apply is nothing to do', async () => {
  expect(await one.apply([])).toEqual(new Set())
})

/** An upsert of one document as MongoDB does it: find, then insert, and others may come in between. */
function inTwoSteps(collection: Collection<ProductDocument>): Collection<ProductDocument> {
  const bulkWrite: Collection<ProductDocument>['bulkWrite'] = async ([operation, ...others], options) => {
    if (!operation || !('replaceOne' in operation) || others.length > 0) throw new Error('not expected')
    const { filter, replacement } = operation.replaceOne
    const { matchedCount } = await collection.replaceOne(filter, replacement)
    const document = { ...replacement, _id: filter._id } as ProductDocument
    // The store looks at what was refused only.
    if (matchedCount > 0) return {} as BulkWriteResult
    return collection.bulkWrite([{ insertOne: { document } }], options)
  }
  return Object.assign(Object.create(collection) as Collection<ProductDocument>, { bulkWrite })
}

test.each([
  ['as the server does them', products, sameProducts, 500],
  // The stand-in for MongoDB does an upsert in one step, so there the race needs help.
  ['in two steps', inTwoSteps(products), inTwoSteps(sameProducts), 1_500],
])(
  'two upserts that race on a product that is not there yet end with the higher version: %s',
  async (_, first, second, rounds) => {
    const stores = [mongoProjectionStore(first), mongoProjectionStore(second)] as const
    const ids = Array.from({ length: rounds }, () => crypto.randomUUID())
    const newerRefused: string[] = []
    const left = ids.entries()

    async function lane(): Promise<void> {
      for (const [round, id] of left) {
        // Each is the first to be sent as often as the other.
        const [older, newer] = round % 2 ? stores : stores.toReversed()
        const [, applied] = await Promise.all([
          older.apply([productAt(id, 1)]),
          newer.apply([productAt(id, 2)]),
        ])
        if (!applied.has(id)) newerRefused.push(id)
      }
    }
    await Promise.all(Array.from({ length: 30 }, lane))

    expect(newerRefused).toEqual([])
    expect(await one.versions(ids)).toEqual(new Map(ids.map((id) => [id, 2])))
  },
)

test('of batches that race on the same absent products, the higher versions remain', async () => {
  for (let round = 0; round < 5; round++) {
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID())
    await Promise.all(
      [1, 2, 3, 4].map((version) =>
        (version % 2 ? one : other).apply(ids.map((id) => productAt(id, version))),
      ),
    )
    expect(new Set((await one.versions(ids)).values())).toEqual(new Set([4]))
  }
})
