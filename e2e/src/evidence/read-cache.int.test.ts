import { randomUUID } from 'node:crypto'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { productAt, tombstoneAt } from '@lockstep/reader-service/product/testing/product-states.ts'
import { productReadModel } from '@lockstep/reader-service/product/product-read-model.ts'
import { redisItemCache } from '@lockstep/reader-service/runtime/cache/item-cache.ts'
import { mongoCacheEpoch } from '@lockstep/reader-service/runtime/cache/cache-epoch.ts'
import { encodedItem } from '@lockstep/reader-service/runtime/queries/load-item.ts'
import { connectedRedis } from '@lockstep/reader-service/runtime/testing/redis.ts'
import { product } from '../subjects/product.ts'
import { afterAll, expect, inject, test } from 'vitest'
import { readCache } from './read-cache.ts'

const url = inject('redisUrl')
const connection = await connectedRedis(url)
const mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'e2e' })
const { items } = productReadModel
const collection = 'product'
const epochs = mongoCacheEpoch(mongo.db, collection)

afterAll(async () => {
  await mongo.db.dropDatabase()
  await mongo[Symbol.asyncDispose]()
  await connection[Symbol.asyncDispose]()
})

test('the evidence shows what the reader stores in its cache, until the cache is closed', async () => {
  const { number } = await epochs.read()
  const epoch = { current: () => number }
  const cache = redisItemCache({ connection, collection, epoch, ttlMs: 60_000 })
  const [live, deleted, leased] = [productAt(randomUUID(), 2), tombstoneAt(randomUUID(), 3), randomUUID()]
  for (const state of [live, deleted]) {
    const result = await cache.read(state.id)
    if (result.kind !== 'miss' || !result.lease) throw new Error(`no lease: ${JSON.stringify(result)}`)
    await cache.fill(result.lease, encodedItem(items, items.ofState(state)))
  }
  await cache.read(leased)

  const shown = () =>
    readCache(
      { servers: { redis: { url } }, mongo: mongo.db },
      product,
      new Set([live.id, deleted.id, leased]),
    )
  expect(await shown()).toEqual(JSON.parse(JSON.stringify([live, deleted])))
  await epochs.close(number)
  expect(await shown()).toEqual([])
})
