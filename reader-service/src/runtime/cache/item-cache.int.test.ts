import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { RedisConnection } from '@lockstep/core/redis/client.ts'
import type { CacheAnswer, Lease } from '../../app/ports.ts'
import { productAt, tombstoneAt } from '../../../testing/products.ts'
import { entryKey, redisProductCache } from './product-cache.ts'
import { redisProjectedCache } from './projected-cache.ts'
import { anyGeneration, connectedRedis, openGeneration } from '../../../testing/redis.ts'

const number = anyGeneration()
const generation = openGeneration(number)
const ttlMs = 60_000
let connection: RedisConnection

beforeAll(async () => {
  connection = await connectedRedis(inject('redisUrl'))
})
afterAll(() => connection[Symbol.asyncDispose]())

const cache = () => redisProductCache({ connection, generation, ttlMs })
const projected = () =>
  redisProjectedCache({ connection, generation, ttlMs, owedLimitMs: 1_000, maxAgeMs: 1_000 })

function leaseOf(answer: CacheAnswer): Lease {
  if (answer.kind !== 'miss' || !answer.lease) throw new Error(`no lease: ${JSON.stringify(answer)}`)
  return answer.lease
}

test.each([productAt('a', 3, { name: 'Thé "vert" 🍵\u2028' }), tombstoneAt('b', 4)])(
  'what was filled is read as it was, deleted products too',
  async (state) => {
    await cache().fill(leaseOf(await cache().read(state.id)), state)
    expect(await cache().read(state.id)).toEqual({ kind: 'hit', state })
  },
)

test('a second reader gets no lease while the first has one', async () => {
  const id = crypto.randomUUID()
  const lease = leaseOf(await cache().read(id))
  expect(await cache().read(id)).toEqual({ kind: 'miss' })
  await cache().fill(lease, productAt(id, 1))
  expect(await cache().read(id)).toMatchObject({ kind: 'hit' })
})

test('entries and leases expire, entries up to a tenth early', async () => {
  const id = crypto.randomUUID()
  const key = entryKey(connection, number, id)!
  const lease = leaseOf(await cache().read(id))
  expect(await connection.redis.pttl(key)).toBeGreaterThan(0)
  await cache().fill(lease, productAt(id, 1))
  const ttls = []
  for (let version = 2; version < 30; version++) {
    await projected().settle([{ state: productAt(id, version), applied: true }])
    ttls.push(await connection.redis.pttl(key))
  }
  expect(Math.max(...ttls)).toBeLessThanOrEqual(ttlMs)
  expect(Math.min(...ttls)).toBeGreaterThan(ttlMs * 0.89)
  expect(new Set(ttls).size).toBeGreaterThan(10)
})

test('the projection replaces an older entry, and neither makes one nor puts an older state in place', async () => {
  const id = crypto.randomUUID()
  await projected().settle([{ state: productAt(id, 1), applied: true }])
  await cache().fill(leaseOf(await cache().read(id)), productAt(id, 2))
  await projected().settle([{ state: productAt(id, 1), applied: true }])
  expect(await cache().read(id)).toEqual({ kind: 'hit', state: productAt(id, 2) })
  await projected().settle([{ state: tombstoneAt(id, 3), applied: true }])
  expect(await cache().read(id)).toEqual({ kind: 'hit', state: tombstoneAt(id, 3) })
})

test('an entry left old by a crash between the writes of model and cache is removed when the event comes again', async () => {
  const id = crypto.randomUUID()
  await cache().fill(leaseOf(await cache().read(id)), productAt(id, 1))
  await projected().settle([{ state: productAt(id, 2), applied: false }])
  expect(await cache().read(id)).toMatchObject({ kind: 'miss' })
})

test('an event that comes again leaves an entry of its version or a later one alone', async () => {
  const id = crypto.randomUUID()
  await cache().fill(leaseOf(await cache().read(id)), productAt(id, 2))
  for (const version of [1, 2]) await projected().settle([{ state: productAt(id, version), applied: false }])
  expect(await cache().read(id)).toMatchObject({ kind: 'hit' })
})

test('scripts that the server has forgotten are taught again', async () => {
  const id = crypto.randomUUID()
  await connection.redis.script('FLUSH')
  const lease = leaseOf(await cache().read(id))
  await connection.redis.script('FLUSH')
  await cache().fill(lease, productAt(id, 1))
  await connection.redis.script('FLUSH')
  await projected().settle([
    { state: productAt(id, 2), applied: true },
    { state: productAt(crypto.randomUUID(), 2), applied: false },
  ])
  expect(await cache().read(id)).toEqual({ kind: 'hit', state: productAt(id, 2) })
})
