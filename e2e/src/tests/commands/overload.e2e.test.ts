import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { statusOf } from '../../clients/grpc-client.ts'
import { problemOf } from '../../clients/http-client.ts'
import { eventually } from '../../system/eventually.ts'
import { metric } from '../../system/metric.ts'
import { countEvents, locks, outboxSize } from '../../system/postgres.ts'
import { test } from '../../system/stack-test.ts'
import type { Writer } from '../../system/services.ts'

const teapot = { name: 'Blue enamel teapot', priceCents: 3490 }
const create = ({ http }: Writer) => http.send('POST', '/api/v1/products', { json: teapot })

/** Every statement on the products waits until the lock is released. */
async function lockProducts(postgres: Pool) {
  const client = await postgres.connect()
  await client.query(`begin; ${locks.allReadsAndCommits}`)
  let locked = true
  const release = async () => {
    if (locked) await client.query('rollback')
    if (locked) client.release()
    locked = false
  }
  return { release, [Symbol.asyncDispose]: release }
}

test('requests beyond the limit of a writer are refused at once, over both protocols, without using Postgres', async ({
  stack,
}) => {
  const { postgres } = stack
  await using writer = await stack.startWriter({ WRITER_MAX_IN_FLIGHT: '4' })
  await using lock = await lockProducts(postgres)
  const waiting = Array.from({ length: 4 }, () => create(writer))
  await eventually(async () => expect(await metric(writer, 'requests_in_flight')).toBe(4), {
    withinMs: 60_000,
  })

  // A request that used Postgres would wait for the lock, as those four do.
  const refused = await create(writer)
  expect(problemOf(refused)).toMatchObject({ status: 503, code: 'overloaded' })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await statusOf(writer.grpc.createProduct({ product: teapot }))).toBe('RESOURCE_EXHAUSTED')
  expect(await metric(writer, 'requests_refused_total')).toBe(2)

  await lock.release()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect((await create(writer)).status).toBe(201)
})

test('while too many events wait in the outbox, commands are refused; they are accepted when Kafka is available', async ({
  stack,
}) => {
  const { proxies, postgres } = stack
  const outbox = () => outboxSize(postgres)
  // Entries that an outage in an earlier test left would count.
  await eventually(async () => expect(await outbox()).toBe(0), { withinMs: 60_000 })
  await using writer = await stack.startWriter({ WRITER_OUTBOX_LIMIT: '10' })
  await proxies.kafka.enable(false)
  const created = Array.from({ length: 10 }, () => create(writer))
  expect((await Promise.all(created)).map(({ status }) => status)).toEqual(created.map(() => 201))
  await eventually(
    async () => expect(problemOf(await create(writer))).toMatchObject({ code: 'overloaded' }),
    { withinMs: 60_000, everyMs: 200 },
  )
  const before = await outbox()
  expect((await create(writer)).status).toBe(503)
  expect(await outbox()).toBe(before)

  await proxies.kafka.enable(true)
  await eventually(async () => expect((await create(writer)).status).toBe(201), { withinMs: 60_000 })
})

test('a command whose deadline passes before it begins is not applied', async ({ stack }) => {
  const { postgres } = stack
  await using writer = await stack.startWriter({ POSTGRES_POOL_SIZE: '1' })
  const id = randomUUID()
  await using lock = await lockProducts(postgres)
  const first = writer.grpc.createProduct({ product: teapot })
  const second = writer.grpc.createProduct({ id, product: teapot }, { timeoutMs: 300 })
  // The writer sees a deadline later by the time of transmission; when this deadline is over, the other one is too.
  const third = writer.grpc.createProduct({ product: teapot }, { timeoutMs: 1_000 })
  expect([await statusOf(second), await statusOf(third)]).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'])
  await lock.release()
  expect(await statusOf(first)).toBe('OK')
  // Every command that waited behind the first has been processed.
  expect(await statusOf(writer.grpc.createProduct({ product: teapot }))).toBe('OK')
  expect(await countEvents(postgres, 'product', id)).toBe(0)
})
