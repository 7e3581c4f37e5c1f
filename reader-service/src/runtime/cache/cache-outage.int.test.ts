import { setImmediate } from 'node:timers/promises'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { startRedis, type RedisServer } from '@lockstep/local-infra/servers/redis.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import type { CacheRead, ItemCache } from '../queries/load-item.ts'
import { encodedNote, noteAt, noteReadModel } from '../testing/notes.ts'
import { connectedRedis, openEpoch } from '../testing/redis.ts'
import { entryKey } from './cache-entries.ts'
import { mongoCacheEpoch, watchCacheEpoch } from './cache-epoch.ts'
import { redisItemCache } from './item-cache.ts'
import { redisProjectedCache } from './projected-cache.ts'

/* A separate Redis, which the tests stop, freeze and restart. */

/** Short, so that a server that does not respond delays a test little. What must succeed uses the other connection. */
const commandTimeoutMs = 150
const soon = { timeout: 60_000 }
const { items } = noteReadModel
const entries = { collection: 'notes', items, ttlMs: 60_000 }
const scope = new AsyncDisposableStack()
let server: RedisServer
let connection: RedisConnection
let impatient: RedisConnection
let cache: ItemCache

beforeAll(async () => {
  const { dir } = scope.use(await throwAwayDir())
  server = scope.use(await startRedis({ dir, port: await freePort() }))
})
afterAll(() => scope.disposeAsync())

beforeEach(async () => {
  await server.start()
  connection = await connectedRedis(server.url)
  impatient = await connectedRedis(server.url, commandTimeoutMs)
  cache = redisItemCache({ ...entries, connection, epoch: openEpoch() })
})
afterEach(() => Promise.all([connection, impatient].map((each) => each[Symbol.asyncDispose]())))

async function put(id: string, version: number, into = cache): Promise<void> {
  const read = await into.read(id)
  if (read.kind !== 'miss' || !read.lease) throw new Error(`no lease: ${JSON.stringify(read)}`)
  await into.fill(read.lease, encodedNote(noteAt(id, version)))
}

const lostLease = () => ({ key: 'k', token: 't' })

/** The kind of a result that needs no wait. */
async function atOnce(read: Promise<CacheRead>): Promise<string> {
  return Promise.race([read.then(({ kind }) => kind), setImmediate('it waits')])
}

test('without Redis every query bypasses the cache at once, and uses it again when Redis is back', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  await server.kill()
  await vi.waitFor(() => expect(connection.serverRun()).toBeUndefined(), soon)
  for (let i = 0; i < 20; i++) expect(await atOnce(cache.read(id))).toBe('bypass')
  await cache.fill(lostLease(), encodedNote(noteAt(id, 1)))
  await cache.removeOlder(id, 2)
  await server.start()
  await vi.waitFor(async () => expect((await cache.read(id)).kind).toBe('miss'), soon)
})

test('a slow Redis delays a few queries by the time limit, and the others not at all', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  const hasty = redisItemCache({ ...entries, connection: impatient, epoch: openEpoch() })
  await server.kill('SIGSTOP')
  try {
    const startedAt = performance.now()
    for (let i = 0; i < 3; i++) expect((await hasty.read(id)).kind).toBe('error')
    expect(performance.now() - startedAt).toBeGreaterThan(3 * commandTimeoutMs - 5)
    for (let i = 0; i < 17; i++) expect(await atOnce(hasty.read(id))).toBe('bypass')
  } finally {
    await server.kill('SIGCONT')
  }
  await vi.waitFor(async () => expect((await hasty.read(id)).kind).toBe('hit'), soon)
})

test('an entry that a restarted server loads from a snapshot is never used', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  const before = entryKey(connection, { collection: entries.collection, epoch: 1 }, id)!
  await server.kill()
  await vi.waitFor(() => expect(connection.serverRun()).toBeUndefined(), soon)
  await server.start()
  await vi.waitFor(() => expect(connection.serverRun()).toBeDefined(), soon)
  // As if the entry were in a snapshot that was taken before an update of the cache.
  await connection.redis.set(before, '1 ')
  expect(await cache.read(id)).toMatchObject({ kind: 'miss' })
})

test('the projection reads the epoch only if it knows no recent one, and then writes the entries of that one', async () => {
  const id = crypto.randomUUID()
  await put(id, 1)
  let known: number | undefined = 1
  const refresh = vi.fn(async () => ({ number: 2, open: true }))
  const epoch = { ...openEpoch(), current: () => known, refresh }
  const projected = redisProjectedCache({
    ...entries,
    connection,
    epoch,
    pendingLimitMs: 1_000,
    maxAgeMs: 1_000,
  })
  await projected.update([{ state: noteAt(id, 2), applied: true }])
  expect(refresh).not.toHaveBeenCalled()
  expect(await cache.read(id)).toMatchObject({ kind: 'hit', item: { version: 2 } })

  known = undefined
  const next = redisItemCache({ ...entries, connection, epoch: openEpoch(2) })
  await put(id, 2, next)
  await projected.update([{ state: noteAt(id, 3), applied: true }])
  expect(refresh).toHaveBeenCalledOnce()
  expect(await next.read(id)).toMatchObject({ kind: 'hit', item: { version: 3 } })
})

test('while invalidations stay pending, every replica stops using the cache before the offsets are committed', async () => {
  await using mongo = openMongo({ url: freshMongo(inject('mongoUrl')), appName: 'test' })
  const times = { refreshMs: 50, maxAgeMs: 1_000, reopenAfterMs: 300 }
  const store = mongoCacheEpoch(mongo.db, entries.collection)
  const replica = (read = store.read) =>
    watchCacheEpoch({
      ...times,
      store: { ...store, read },
      onChange: () => {},
      cacheResponds: () => connection.redis.ping().then(Boolean, () => false),
    })
  await using projecting = replica()
  await using answering = replica()
  await vi.waitFor(() => {
    for (const watch of [projecting, answering]) expect(watch.current()).toBeDefined()
  }, soon)
  const number = projecting.current()!
  // It never reads that the cache was closed.
  let cut = false
  await using cutOff = replica(() => (cut ? Promise.reject(new Error('cut off')) : store.read()))
  await vi.waitFor(() => expect(cutOff.current()).toBe(number), soon)
  cut = true
  const projected = redisProjectedCache({
    ...entries,
    connection: impatient,
    epoch: projecting,
    pendingLimitMs: 300,
    maxAgeMs: times.maxAgeMs,
  })
  const queried = redisItemCache({ ...entries, connection, epoch: answering })

  const id = crypto.randomUUID()
  await put(id, 1, queried)
  await server.kill('SIGSTOP')
  const update = () => projected.update([{ state: noteAt(id, 2), applied: true }])
  await expect(update()).rejects.toThrow('could not be written')
  await vi.waitFor(update, { ...soon, interval: 20 })
  expect(answering.current()).toBeUndefined()
  expect(cutOff.current()).toBeUndefined()
  expect(await queried.read(id)).toEqual({ kind: 'bypass' })

  await server.kill('SIGCONT')
  await vi.waitFor(() => expect(answering.current()).toBe(number + 1), soon)
  await vi.waitFor(async () => expect((await queried.read(id)).kind).toBe('miss'), soon)
  expect(await store.read()).toEqual({ number: number + 1, open: true })
  await mongo.db.dropDatabase()
})
