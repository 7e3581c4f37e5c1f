import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { expect } from 'vitest'
import { statusOf } from './clients/grpc-client.ts'
import { problemOf } from './clients/http-client.ts'
import { eventually } from './eventually.ts'
import { metric } from './metric.ts'
import { test } from './stack-test.ts'
import type { Writer } from './services.ts'

const teapot = { name: 'Blue enamel teapot', priceCents: 3490 }
const create = ({ http }: Writer) => http.send('POST', '/api/v1/products', { json: teapot })

/** Whatever touches the products in Postgres waits until it is released. */
async function lockProducts(postgres: Pool) {
  const client = await postgres.connect()
  await client.query('begin; lock table aggregates in access exclusive mode')
  let held = true
  const release = async () => {
    if (held) await client.query('rollback')
    if (held) client.release()
    held = false
  }
  return { release, [Symbol.asyncDispose]: release }
}

test('more requests than a writer has room for are refused at once, over both protocols, without touching Postgres', async ({
  stack,
}) => {
  const { postgres } = stack
  await using writer = await stack.startWriter({ WRITER_MAX_IN_FLIGHT: '4' })
  await using lock = await lockProducts(postgres)
  const waiting = Array.from({ length: 4 }, () => create(writer))
  await eventually(async () => expect(await metric(writer, 'requests_in_flight')).toBe(4), {
    withinMs: 60_000,
  })

  // A request that touched Postgres would wait for the lock, as those four do.
  const refused = await create(writer)
  expect(problemOf(refused)).toMatchObject({ status: 503, code: 'overloaded' })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await statusOf(writer.grpc.createProduct({ product: teapot }))).toBe('RESOURCE_EXHAUSTED')
  expect(await metric(writer, 'requests_refused_total')).toBe(2)

  await lock.release()
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201, 201])
  expect((await create(writer)).status).toBe(201)
})

test('while too many events wait to be published commands are refused, and are taken again when Kafka is back', async ({
  stack,
}) => {
  const { proxies, postgres } = stack
  const outbox = async () => (await postgres.query('select from outbox')).rowCount
  // What an outage of a test before has left would count.
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

test('a command whose deadline passes while it waits for its turn is not carried out', async ({ stack }) => {
  const { postgres } = stack
  await using writer = await stack.startWriter({ POSTGRES_POOL_SIZE: '1' })
  const id = randomUUID()
  await using lock = await lockProducts(postgres)
  const first = writer.grpc.createProduct({ product: teapot })
  const second = writer.grpc.createProduct({ id, product: teapot }, { timeoutMs: 300 })
  // The writer's view of a deadline is later by the way of the request; when this one is over, that one surely is.
  const third = writer.grpc.createProduct({ product: teapot }, { timeoutMs: 1_000 })
  expect([await statusOf(second), await statusOf(third)]).toEqual(['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'])
  await lock.release()
  expect(await statusOf(first)).toBe('OK')
  // Whatever had waited behind the first has had its turn.
  expect(await statusOf(writer.grpc.createProduct({ product: teapot }))).toBe('OK')
  const { rowCount } = await postgres.query('select from products where id = $1', [id])
  expect(rowCount).toBe(0)
})
