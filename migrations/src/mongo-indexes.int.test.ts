import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { MongoClient } from 'mongodb'
import { expect, inject, test } from 'vitest'
import { ensureIndexes } from './mongo-indexes.ts'

async function database() {
  const client = new MongoClient(freshMongo(inject('mongoUrl')))
  const db = client.db()
  return {
    db,
    async setUp() {
      const found = await ensureIndexes(db)
      return found.map(({ outcome, collection, index }) => `${outcome} ${collection}.${index.name}`)
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const names = ['newest', 'newest_in_category', 'words']
const all = (outcome: string, collection: string) => names.map((name) => `${outcome} ${collection}.${name}`)

test('the indexes are made once, on every generation of the read model', async () => {
  await using place = await database()
  expect(await place.setUp()).toEqual(all('created', 'products'))
  await place.db.createCollection('products_g2')
  expect((await place.setUp()).toSorted()).toEqual([
    ...all('created', 'products_g2'),
    ...all('unchanged', 'products'),
  ])

  await place.db.dropCollection('products')
  expect(await place.setUp()).toEqual(all('unchanged', 'products_g2'))
})
