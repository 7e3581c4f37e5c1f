import { randomUUID } from 'node:crypto'
import { groups, topics } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { expect } from 'vitest'
import { faultsIn } from '../checkers/check-stack.ts'
import { sendCommand } from '../clients/send-command.ts'
import type { Attempt, Command } from '../evidence/history.ts'
import { eventually, throughout } from '../system/eventually.ts'
import { metric } from '../system/metric.ts'
import { readable } from '../clients/queries.ts'
import { test } from '../system/stack-test.ts'
import type { Stack } from '../system/stack.ts'

/** Five products with two versions each, all acknowledged. */
async function tenCommands({ writers }: Stack): Promise<Attempt[]> {
  const lives = Array.from({ length: 5 }, async () => {
    const id = randomUUID()
    const send = (type: Command['type']) => sendCommand(writers[0], 'http', { type, id, mark: randomUUID() })
    return [await send('create'), await send('update')]
  })
  const attempts = (await Promise.all(lives)).flat()
  expect(attempts.map(({ outcome }) => outcome.type)).toEqual(attempts.map(() => 'acknowledged'))
  return attempts
}

/** How often the topic holds events of these commands' products. */
async function published({ servers }: Stack, attempts: readonly Attempt[]): Promise<number> {
  await using broker = await brokerView(servers.kafka.brokers)
  const ids = new Set(attempts.map(({ id }) => id))
  const records = await broker.recordsOf(topics.productEvents)
  return records.filter(({ key }) => ids.has(key?.toString() ?? '')).length
}

/** Asks until an answer came from the cache. */
async function untilCached({ reader }: Stack, id: string): Promise<void> {
  const hits = () => metric(reader, 'reader_cache_reads_total', 'result="hit"')
  const before = (await hits()) ?? 0
  const look = async () => {
    await reader.grpc.getProduct({ id })
    expect(await hits()).toBeGreaterThan(before)
  }
  await eventually(look, { withinMs: 60_000 })
}

async function version({ reader }: Stack, id: string): Promise<number | undefined> {
  return (await reader.grpc.getProduct({ id })).product?.version
}

test('a writer killed between commit and publish loses nothing', async ({ stack }) => {
  const { writers, proxies } = stack
  await proxies.kafka.enable(false)
  const attempts = await tenCommands(stack)
  for (const { process } of writers) await process.kill()
  await proxies.kafka.enable(true)
  expect(await published(stack, attempts)).toBe(0)

  await Promise.all(writers.map(({ process }) => process.start()))
  expect(await faultsIn(stack, { commands: attempts }, { withinMs: 60_000 })).toEqual([])
})

test('a reader killed between the write of the model and the offset commit loses nothing, and the model never goes back', async ({
  stack,
}) => {
  const { writers, reader, servers, proxies, mongo } = stack
  await using broker = await brokerView(servers.kafka.brokers)
  const id = randomUUID()
  const created = await sendCommand(writers[0], 'http', { type: 'create', id, mark: randomUUID() })
  await readable(reader, id, 1)
  await untilCached(stack, id)
  const uncommitted = () => broker.uncommitted(groups.productProjection, topics.productEvents)
  await eventually(async () => expect(await uncommitted()).toBe(0), { withinMs: 60_000 })

  // Cut off from Redis the projection keeps the offsets back: it owes the cache a write.
  await proxies.redis.enable(false)
  const updated = await sendCommand(writers[0], 'http', { type: 'update', id, mark: randomUUID() })
  const products = mongo.collection<{ _id: string; version: number }>('products')
  await eventually(async () => expect(await products.findOne({ _id: id })).toMatchObject({ version: 2 }), {
    withinMs: 60_000,
  })
  expect(await version(stack, id)).toBe(2)
  await reader.process.kill()
  expect(await uncommitted()).toBe(1)

  await proxies.redis.enable(true)
  await reader.process.start()
  // The entry in the cache is old until the event comes again; who asks for what was seen is not fooled by it.
  expect((await reader.grpc.getProduct({ id, minVersion: 2 })).product?.version).toBe(2)
  await eventually(async () => expect(await version(stack, id)).toBe(2), { withinMs: 60_000 })
  await throughout(1_000, async () => expect(await version(stack, id)).toBe(2))
  expect(await faultsIn(stack, { commands: [created, updated] }, { withinMs: 60_000 })).toEqual([])
  await eventually(async () => expect(await uncommitted()).toBe(0), { withinMs: 60_000 })
})
