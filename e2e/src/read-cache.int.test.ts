import { randomUUID } from 'node:crypto'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { productAt, tombstoneAt } from '@lockstep/reader-service/product/product-at.ts'
import { productReadModel } from '@lockstep/reader-service/product/product-read-model.ts'
import { redisItemCache } from '@lockstep/reader-service/runtime/cache/item-cache.ts'
import { mongoCacheEpoch } from '@lockstep/reader-service/runtime/cache/mongo-cache-epoch.ts'
import { connectedRedis } from '@lockstep/reader-service/runtime/testing/redis.ts'
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

test('what the reader keeps in its cache is what the judgement sees of it, until the cache is closed', async () => {
  const { number } = await epochs.read()
  const epoch = { current: () => number }
  const cache = redisItemCache({ connection, collection, epoch, items, ttlMs: 60_000 })
  const [live, deleted, leased] = [productAt(randomUUID(), 2), tombstoneAt(randomUUID(), 3), randomUUID()]
  for (const state of [live, deleted]) {
    const read = await cache.read(state.id)
    if (read.kind !== 'miss' || !read.lease) throw new Error(`no lease: ${JSON.stringify(read)}`)
    await cache.fill(read.lease, items.ofState(state))
  }
  await cache.read(leased)

  const seen = () =>
    readCache({ servers: { redis: { url } }, mongo: mongo.db }, new Set([live.id, deleted.id, leased]))
  expect(await seen()).toEqual(JSON.parse(JSON.stringify([live, deleted])))
  await epochs.close(number)
  expect(await seen()).toEqual([])
})
