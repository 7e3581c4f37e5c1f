import { randomUUID } from 'node:crypto'
import { groups } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { expect } from 'vitest'
import { faultsIn } from '../checkers/check-stack.ts'
import { problemOf } from '../clients/http-client.ts'
import { eventually, throughout } from '../system/eventually.ts'
import { acknowledged, inTurn, startLoad, wholeLives } from '../clients/load.ts'
import { answered, readable, startQueries } from '../clients/queries.ts'
import { test } from '../system/stack-test.ts'
import type { Stack } from '../system/stack.ts'

const load = ({ writers }: Stack) =>
  startLoad({ clients: 16, perSecond: 100, next: wholeLives(), pick: inTurn(writers) })

const create = (stack: Stack) =>
  stack.writers[0].http.send('POST', '/api/v1/products', { json: { name: 'One', priceCents: 1 } })

async function outboxEntries({ postgres }: Stack): Promise<number> {
  const { rows } = await postgres.query<{ count: string }>('select count(*) from outbox')
  return Number(rows[0]?.count)
}

test('MongoDB away for 20 s: nothing is skipped or given up, and the consumer keeps its place in the group', async ({
  stack,
}) => {
  const { servers, reader } = stack
  await using broker = await brokerView(servers.kafka.brokers)
  await using commands = load(stack)
  await acknowledged(commands, 50)
  const members = await broker.members(groups.productProjection)
  expect(members).toHaveLength(1)

  await servers.mongo.stop()
  await throughout(20_000, async () => {
    expect(await broker.members(groups.productProjection)).toEqual(members)
    expect((await reader.admin.send('GET', '/live')).status).toBe(200)
  })
  expect((await reader.admin.send('GET', '/ready')).status).toBe(503)
  await servers.mongo.start()
  await acknowledged(commands, 50)

  expect(await faultsIn(stack, await commands.stop(), { withinMs: 60_000 })).toEqual([])
  expect(await broker.members(groups.productProjection)).toEqual(members)
})

test('Kafka away: commands go on, the outbox fills, and empties when Kafka is back', async ({ stack }) => {
  await using commands = load(stack)
  await acknowledged(commands, 50)
  await stack.servers.kafka.kill()
  await acknowledged(commands, 200)
  expect(await outboxEntries(stack)).toBeGreaterThan(100)
  expect((await stack.writers[0].admin.send('GET', '/ready')).status).toBe(200)

  await stack.servers.kafka.start()
  await acknowledged(commands, 50)
  const { commands: attempts } = await commands.stop()
  expect(attempts.filter(({ outcome }) => outcome.type !== 'acknowledged')).toEqual([])
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
  expect(await outboxEntries(stack)).toBe(0)
})

test('Postgres away: commands are answered 503, and go on without a restart when it is back', async ({
  stack,
}) => {
  const { writers, servers } = stack
  const before = writers.map(({ process }) => process.pid)
  await using commands = load(stack)
  await acknowledged(commands, 50)
  await servers.postgres.stop()

  const refused = await create(stack)
  expect(problemOf(refused)).toMatchObject({ status: 503, code: 'unavailable' })
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
  expect((await writers[0].admin.send('GET', '/ready')).status).toBe(503)
  expect((await writers[0].admin.send('GET', '/live')).status).toBe(200)

  await servers.postgres.start()
  await acknowledged(commands, 50)
  const { commands: attempts } = await commands.stop()
  const failed = new Set(attempts.map(({ outcome }) => ('code' in outcome ? outcome.code : 'acknowledged')))
  // A create that was refused makes the update behind it miss its product.
  expect([...failed]).toSatisfy((codes: string[]) =>
    codes.every((code) => ['acknowledged', 'unavailable', 'outcome_unknown', 'not_found'].includes(code)),
  )
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
  expect(writers.map(({ process }) => process.pid)).toEqual(before)
})

test('Redis away, or silent: queries keep answering, and never with an older version than before', async ({
  stack,
}) => {
  const { servers, reader } = stack
  await using commands = load(stack)
  await acknowledged(commands, 50)
  const ids = () => commands.history.commands.map(({ id }) => id ?? '')
  await using queries = startQueries({ ids, pick: () => reader })
  await answered(queries, 100)
  await servers.redis.kill()
  await answered(queries, 200)
  await servers.redis.start()
  await answered(queries, 200)
  await servers.redis.kill('SIGSTOP')
  await answered(queries, 200)
  await servers.redis.kill('SIGCONT')
  await answered(queries, 200)
  const { reads } = await queries.stop()
  expect(queries.failed()).toEqual([])
  const history = { commands: (await commands.stop()).commands, reads }
  expect(await faultsIn(stack, history, { withinMs: 60_000 })).toEqual([])
})

test('what MongoDB acknowledged is there after a kill -9 at once', async ({ stack }) => {
  const { writers, reader, servers, mongo } = stack
  const ids = Array.from({ length: 20 }, () => randomUUID())
  await Promise.all(
    ids.map((id) => writers[0].grpc.createProduct({ id, product: { name: 'Kept', priceCents: 1 } })),
  )
  // An answer shows that MongoDB acknowledged the write; then nobody may write it a second time.
  await Promise.all(ids.map((id) => readable(reader, id, 1)))
  await reader.process.kill('SIGSTOP')
  await servers.mongo.kill('SIGKILL')
  await servers.mongo.start()
  const products = mongo.collection<{ _id: string }>('products')
  const kept = await eventually(() => products.countDocuments({ _id: { $in: ids } }), { withinMs: 60_000 })
  expect(kept).toBe(ids.length)
})
