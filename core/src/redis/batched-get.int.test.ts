import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { batchedGet } from './batched-get.ts'
import { openRedis, type RedisConnection } from './client.ts'

let connection: RedisConnection

beforeAll(async () => {
  connection = openRedis({
    url: inject('redisUrl'),
    tlsCaFile: '',
    commandTimeoutMs: 5_000,
    onError: () => {},
  })
  await vi.waitFor(() => connection.redis.ping(), { timeout: 60_000 })
})
afterAll(() => connection[Symbol.asyncDispose]())

test('reads that start together are one command; each gets the value of its key', async () => {
  const { redis } = connection
  const mget = vi.spyOn(redis, 'mget')
  const get = batchedGet(redis)
  const keys = Array.from({ length: 50 }, () => `batched-get:${randomUUID()}`)
  for (const key of keys.slice(1)) await redis.set(key, `é ${key}`, 'PX', 60_000)
  const values = await Promise.all(keys.map(get))
  expect(values).toEqual([null, ...keys.slice(1).map((key) => `é ${key}`)])
  expect(mget).toHaveBeenCalledTimes(1)
  expect(await get(keys[1]!)).toBe(`é ${keys[1]}`)
  expect(mget).toHaveBeenCalledTimes(2)
})

test('if the command fails, every read of it fails, and the next ones are not affected', async () => {
  const { redis } = connection
  vi.spyOn(redis, 'mget').mockRejectedValueOnce(new Error('down'))
  const get = batchedGet(redis)
  const failed = await Promise.allSettled([get('a'), get('b')])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await get(`batched-get:${randomUUID()}`)).toBeNull()
})
