import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { startServers } from '@lockstep/testkit/start-servers.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'

type Product = { _id: number; version: number }

test('MongoDB that is killed with -9 during writes keeps every acknowledged write', async () => {
  await using folder = await throwAwayDir()
  await using servers = await startServers({ dir: folder.dir, only: ['mongo'] })
  const { mongo } = servers
  const options = { serverSelectionTimeoutMS: 2000, retryWrites: false }

  await using writer = new MongoClient(mongo.url, options)
  const products = writer.db().collection<Product>('products')
  const acknowledged = new Set<number>()
  let killed: Promise<void> | undefined
  const write = async (first: number) => {
    for (let id = first; ; id += 8) {
      await products.updateOne({ _id: id, version: { $lt: 1 } }, { $set: { version: 1 } }, { upsert: true })
      acknowledged.add(id)
      if (acknowledged.size > 500) killed ??= mongo.kill()
    }
  }
  await Promise.allSettled([0, 1, 2, 3, 4, 5, 6, 7].map(write))
  await killed
  await mongo.start()

  await using reader = new MongoClient(mongo.url, options)
  const kept = await reader.db().collection<Product>('products').find().toArray()
  const there = new Set(kept.map(({ _id: id }) => id))
  expect(acknowledged.size).toBeGreaterThan(500)
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([])
})
