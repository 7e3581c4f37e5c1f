import { groups, topics } from '@lockstep/contracts/topics.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { expect } from 'vitest'
import { lockstepOf } from './clients/lockstep.ts'
import { eventually } from './eventually.ts'
import { readable } from './queries.ts'
import { test } from './stack-test.ts'

test('what the read model has lost comes back by republishing, in the order of versions', async ({
  stack,
}) => {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const lockstep = lockstepOf(stack)
  const { grpc } = stack.writers[0]
  const { id } = await grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  for (const priceCents of [2, 3]) {
    await grpc.updateProduct({ id, product: { name: 'Teapot', priceCents }, updateMask: [] })
  }
  await readable(stack.reader, id, 3)
  await stack.mongo.collection<{ _id: string }>('products').deleteOne({ _id: id })

  const dry = await lockstep('republish', '--product', id, '--dry-run', '--json')
  expect(dry).toMatchObject({ code: 0, json: [{ scanned: 3, queued: 3 }] })
  // Upper case: ids are lower-cased at every edge.
  const done = await lockstep('republish', '--product', id.toUpperCase())
  expect(done).toMatchObject({ code: 0, out: '3 events are published again, of 3\n' })

  const inModel = async () =>
    expect(await stack.mongo.collection<{ _id: string }>('products').findOne({ _id: id })).toMatchObject({
      version: 3,
      priceCents: 3,
    })
  await eventually(inModel, { withinMs: 60_000 })
  const published = (await broker.recordsOf(topics.productEvents)).filter(({ key }) => String(key) === id)
  const versions = published.map(({ value }) => productEvents.decode(value ?? Buffer.alloc(0)).version)
  expect(versions).toEqual([1, 2, 3, 1, 2, 3])
  await eventually(
    async () => expect(await broker.uncommitted(groups.productProjection, topics.productEvents)).toBe(0),
    { withinMs: 60_000 },
  )
})

test('a product that never was is a problem, no id at all is wrong usage', async ({ stack }) => {
  const lockstep = lockstepOf(stack)
  const unknown = '00000000-0000-7000-8000-000000000000'
  const { code, err } = await lockstep('republish', '--product', unknown)
  expect(code).toBe(1)
  expect(err).toContain(`There is no product ${unknown}`)
  expect((await lockstep('republish', '--product', 'x')).code).toBe(2)
})
