import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { readModels } from '@lockstep/reader-service/read-models.ts'
import { MongoClient } from 'mongodb'
import { expect, inject, test } from 'vitest'
import { ensureIndexes } from './mongo-indexes.ts'

async function database() {
  const client = new MongoClient(freshMongo(inject('mongoUrl')))
  const db = client.db()
  return {
    db,
    /** What it did for the read model of products. */
    async setUp() {
      const results = await ensureIndexes(db, readModels)
      const ofProducts = results.filter(({ collection }) => /^product(_g\d+)?$/.test(collection))
      return ofProducts
        .map(({ outcome, collection, index }) => `${outcome} ${collection}.${index}`)
        .toSorted()
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const names = [
  'by_name',
  'by_name_in_category',
  'by_price',
  'by_price_in_category',
  'last_changed',
  'last_changed_in_category',
  'newest',
  'newest_in_category',
  'words',
]
const all = (outcome: string, collection: string) => names.map((name) => `${outcome} ${collection}.${name}`)

test('the indexes are created once, on every generation of a read model', async () => {
  await using fixture = await database()
  expect(await fixture.setUp()).toEqual(all('created', 'product'))
  await fixture.db.createCollection('product_g2')
  expect(await fixture.setUp()).toEqual([...all('created', 'product_g2'), ...all('unchanged', 'product')])

  await fixture.db.dropCollection('product')
  expect(await fixture.setUp()).toEqual(all('unchanged', 'product_g2'))
})

test('every read model and every generation has its own collections', async () => {
  await using fixture = await database()
  const results = await ensureIndexes(fixture.db, readModels)
  const collections = new Set(results.map(({ collection }) => collection))
  const withIndexes = readModels.map(({ name }) => name).filter((name) => collections.has(name))
  expect([...collections].toSorted()).toEqual(withIndexes.toSorted())
  expect(withIndexes).toContain('product')
})
