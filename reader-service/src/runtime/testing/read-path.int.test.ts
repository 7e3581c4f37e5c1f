import { openMongo } from '@lockstep/core/mongo/client.ts'
import { openRedisSubscriber } from '@lockstep/core/redis/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { anyGeneration, connectedRedis, openGeneration } from '../testing/redis.ts'
import { productAt, tombstoneAt } from '../testing/products.ts'
import { getProduct } from './app/get-product.ts'
import { productLoader } from './app/load-product.ts'
import { projectProducts } from './app/project-products.ts'
import { versionHints } from './app/version-hints.ts'
import type { ProductState } from './domain/product.ts'
import { productCollection } from './outbound/mongo/product-document.ts'
import { mongoProductFinder } from './outbound/mongo/product-finder.ts'
import { mongoProjectionStore } from './outbound/mongo/projection-store.ts'
import { listenForHints, redisAppliedHints } from './outbound/redis/applied-hints.ts'
import { redisProductCache } from './outbound/redis/product-cache.ts'
import { redisProjectedCache } from './outbound/redis/projected-cache.ts'

/* Projection and queries on real servers: one replica that projects, and one that only answers. */

const soon = { timeout: 60_000 }
const scope = new AsyncDisposableStack()
const generation = openGeneration(anyGeneration())
const ttlMs = 60_000
const redisUrl = inject('redisUrl')
const mongoUrl = freshMongo(inject('mongoUrl'))

async function startReplica(appName: string) {
  const mongo = scope.use(openMongo({ url: mongoUrl, appName }))
  const connection = scope.use(await connectedRedis(redisUrl))
  const subscriber = scope.use(openRedisSubscriber({ url: redisUrl, tlsCaFile: '', onError: () => {} }))
  const products = productCollection(mongo.db)
  const finder = mongoProductFinder(products, { timeoutMs: 5_000 })
  const hints = versionHints(finder)
  const notify = vi.fn(hints.notify)
  listenForHints(subscriber.redis, notify)
  const metrics = { cacheAnswered: vi.fn(), waiters: vi.fn(), waited: vi.fn() }
  const projectionMetrics = { projected: vi.fn(), becameReadable: vi.fn() }
  const store = mongoProjectionStore(products)
  const load = productLoader({
    cache: redisProductCache({ connection, generation, ttlMs }),
    finder,
    metrics,
  })
  return {
    mongo,
    store,
    notify,
    metrics,
    get: getProduct({
      load,
      hints,
      metrics,
      limits: { maxWaitMs: 10_000, maxWaiters: 100, rememberedIds: 1 },
    }),
    project: (...states: ProductState[]) =>
      projectProducts({
        store,
        cache: redisProjectedCache({ connection, generation, ttlMs, owedLimitMs: 1_000, maxAgeMs: 1_000 }),
        hints: redisAppliedHints(connection),
        metrics: projectionMetrics,
      })(states.map((state) => ({ eventId: crypto.randomUUID(), occurredAt: new Date(), state }))),
  }
}

let projecting: Awaited<ReturnType<typeof startReplica>>
let answering: typeof projecting

beforeAll(async () => {
  projecting = await startReplica('projecting')
  answering = await startReplica('answering')
  // Subscribed: hints arrive.
  await vi.waitFor(async () => {
    await projecting.project(productAt(crypto.randomUUID(), 1))
    if (answering.notify.mock.calls.length === 0) throw new Error('no hint has come')
  }, soon)
})
afterAll(async () => {
  await projecting.mongo.db.dropDatabase()
  await scope.disposeAsync()
})

const versionOf = async (id: string) => (await answering.get({ id })).version

test('what was projected is answered, at first by the model and then by the cache', async () => {
  const id = crypto.randomUUID()
  await projecting.project(productAt(id, 1))
  expect(await answering.get({ id })).toEqual(productAt(id, 1))
  await vi.waitFor(async () => {
    await answering.get({ id })
    expect(answering.metrics.cacheAnswered).toHaveBeenLastCalledWith('hit')
  }, soon)
  await projecting.project(productAt(id, 2))
  expect(await answering.get({ id })).toEqual(productAt(id, 2))
  expect(answering.metrics.cacheAnswered).toHaveBeenLastCalledWith('hit')
})

test('whoever waits for a version in another replica is told when it is there', async () => {
  const id = crypto.randomUUID()
  const waiting = [1, 2, 3].map((minVersion) => answering.get({ id, minVersion }))
  for (const version of [1, 2, 3]) await projecting.project(productAt(id, version))
  const versions = (await Promise.all(waiting)).map(({ version }) => version)
  versions.forEach((version, i) => expect(version).toBeGreaterThanOrEqual(i + 1))
})

test('a deleted product is not found, also by those who wait for the deletion', async () => {
  const id = crypto.randomUUID()
  await projecting.project(productAt(id, 1))
  expect(await versionOf(id)).toBe(1)
  const waiting = answering.get({ id, minVersion: 2 })
  const [outcome] = await Promise.allSettled([waiting, projecting.project(tombstoneAt(id, 2))])
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
  await projecting.project(productAt(id, 1))
  await expect(answering.get({ id })).rejects.toMatchObject({ code: 'not_found' })
})

test('an entry left old by a crash between the Mongo write and the cache write is mended by the redelivery', async () => {
  const id = crypto.randomUUID()
  await projecting.project(productAt(id, 1))
  await vi.waitFor(async () => {
    await answering.get({ id })
    expect(answering.metrics.cacheAnswered).toHaveBeenLastCalledWith('hit')
  }, soon)
  // The crash: the model is written, the cache is not.
  await projecting.store.apply([productAt(id, 2)])
  expect(await versionOf(id)).toBe(1)
  await projecting.project(productAt(id, 2))
  expect(await versionOf(id)).toBe(2)
})

test('under a stream of updates no reader ever sees a product go back', async () => {
  const id = crypto.randomUUID()
  await projecting.project(productAt(id, 1))
  const stop = new AbortController()
  const reader = async () => {
    let last = 0
    while (!stop.signal.aborted) {
      const { version } = await answering.get({ id })
      if (version < last) throw new Error(`version ${version} after ${last}`)
      last = version
    }
  }
  const readers = Promise.all([reader(), reader(), reader()])
  for (let version = 2; version <= 150; version++) {
    await projecting.project(productAt(id, version), productAt(id, version - 1))
  }
  stop.abort()
  await readers
  expect(await versionOf(id)).toBe(150)
})
