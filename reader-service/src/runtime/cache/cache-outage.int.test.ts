import { setImmediate } from 'node:timers/promises'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import { freshMongo } from '@lockstep/local-infra/fresh-names.ts'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { startRedis, type RedisServer } from '@lockstep/local-infra/servers/redis.ts'
import { throwAwayDir } from '@lockstep/local-infra/throw-away-dir.ts'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { productAt } from '../../../testing/products.ts'
import { connectedRedis, openGeneration } from '../../../testing/redis.ts'
import type { CacheAnswer, ProductCache } from '../../app/ports.ts'
import { mongoGenerationStore } from '../mongo/cache-generation-store.ts'
import { watchCacheGeneration } from './cache-generation.ts'
import { entryKey, redisProductCache } from './product-cache.ts'
import { redisProjectedCache } from './projected-cache.ts'

/* A Redis of its own, that is stopped, frozen and restarted. */

/** Short, so that a server that does not answer costs a test little; for what has to succeed there is a patient one. */
const commandTimeoutMs = 150
const soon = { timeout: 60_000 }
const ttlMs = 60_000
const scope = new AsyncDisposableStack()
let server: RedisServer
let connection: RedisConnection
let impatient: RedisConnection
let cache: ProductCache

beforeAll(async () => {
  const { dir } = scope.use(await throwAwayDir())
  server = scope.use(await startRedis({ dir, port: await freePort() }))
})
afterAll(() => scope.disposeAsync())

beforeEach(async () => {
  await server.start()
  connection = await connectedRedis(server.url)
  impatient = await connectedRedis(server.url, commandTimeoutMs)
  cache = redisProductCache({ connection, generation: openGeneration(1), ttlMs })
})
afterEach(() => Promise.all([connection, impatient].map((each) => each[Symbol.asyncDispose]())))

async function put(id: string, version: number, into = cache): Promise<void> {
  const answer = await into.read(id)
  if (answer.kind !== 'miss' || !answer.lease) throw new Error(`no lease: ${JSON.stringify(answer)}`)
  await into.fill(answer.lease, productAt(id, version))
}

const lostLease = () => ({ key: 'k', token: 't' })

/** What an answer is that waits for nobody. */
async function atOnce(read: Promise<CacheAnswer>): Promise<string> {
  return Promise.race([read.then(({ kind }) => kind), setImmediate('it waits')])
}

test('without Redis every query is told so at once, and the cache is used again when it is back', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  await server.kill()
  await vi.waitFor(() => expect(connection.serverRun()).toBeUndefined(), soon)
  for (let i = 0; i < 20; i++) expect(await atOnce(cache.read(id))).toBe('bypass')
  await cache.fill(lostLease(), productAt(id, 1))
  await cache.removeOlder(id, 2)
  await server.start()
  await vi.waitFor(async () => expect((await cache.read(id)).kind).toBe('miss'), soon)
})

test('a Redis that is slow costs few queries their time-out, and the others nothing', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  const hasty = redisProductCache({ connection: impatient, generation: openGeneration(1), ttlMs })
  await server.kill('SIGSTOP')
  try {
    const begun = performance.now()
    for (let i = 0; i < 3; i++) expect((await hasty.read(id)).kind).toBe('error')
    expect(performance.now() - begun).toBeGreaterThan(3 * commandTimeoutMs - 5)
    for (let i = 0; i < 17; i++) expect(await atOnce(hasty.read(id))).toBe('bypass')
  } finally {
    await server.kill('SIGCONT')
  }
  await vi.waitFor(async () => expect((await hasty.read(id)).kind).toBe('hit'), soon)
})

test('what a restarted server remembers from a snapshot is never met', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  const before = entryKey(connection, 1, id)!
  await server.kill()
  await vi.waitFor(() => expect(connection.serverRun()).toBeUndefined(), soon)
  await server.start()
  await vi.waitFor(() => expect(connection.serverRun()).toBeDefined(), soon)
  // As if the entry had been in a snapshot, taken before an update that the cache was told of.
  await connection.redis.hset(before, { version: 1, body: '' })
  expect(await cache.read(id)).toMatchObject({ kind: 'miss' })
})

test('a cache write that stays owed makes every replica leave the cache before the offsets may go', async () => {
  await using mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' })
  const times = { refreshMs: 50, maxAgeMs: 1_000, reopenAfterMs: 300 }
  const store = mongoGenerationStore(mongo.db)
  const replica = (read = store.read) =>
    watchCacheGeneration({
      ...times,
      store: { ...store, read },
      onChange: () => {},
      cacheAnswers: () => connection.redis.ping().then(Boolean, () => false),
    })
  await using projecting = replica()
  await using answering = replica()
  await vi.waitFor(() => {
    for (const watch of [projecting, answering]) expect(watch.usable()).toBeDefined()
  }, soon)
  const number = projecting.usable()!
  // It never hears that the cache was closed.
  let cut = false
  await using cutOff = replica(() => (cut ? Promise.reject(new Error('cut off')) : store.read()))
  await vi.waitFor(() => expect(cutOff.usable()).toBe(number), soon)
  cut = true
  const projected = redisProjectedCache({
    connection: impatient,
    generation: projecting,
    ttlMs,
    owedLimitMs: 300,
    maxAgeMs: times.maxAgeMs,
  })
  const queried = redisProductCache({ connection, generation: answering, ttlMs })

  const id = crypto.randomUUID()
  await put(id, 1, queried)
  await server.kill('SIGSTOP')
  const settlements = [{ state: productAt(id, 2), applied: true }]
  const settle = () => projected.settle(settlements)
  await expect(settle()).rejects.toThrow('could not be written')
  await vi.waitFor(settle, { ...soon, interval: 20 })
  expect(answering.usable()).toBeUndefined()
  expect(cutOff.usable()).toBeUndefined()
  expect(await queried.read(id)).toEqual({ kind: 'bypass' })

  await server.kill('SIGCONT')
  await vi.waitFor(() => expect(answering.usable()).toBe(number + 1), soon)
  await vi.waitFor(async () => expect((await queried.read(id)).kind).toBe('miss'), soon)
  expect(await store.read()).toEqual({ number: number + 1, open: true })
  await mongo.db.dropDatabase()
})
