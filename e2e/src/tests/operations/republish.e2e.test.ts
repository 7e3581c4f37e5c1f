import { productEvents } from '@lockstep/contracts/product-events.ts'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { eventually } from '../../system/eventually.ts'
import { readable } from '../../clients/readable.ts'
import { test } from '../../system/stack-test.ts'

test('republishing restores what the read model has lost, in the order of versions', async ({ stack }) => {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const lockstep = lockstepOf(stack)
  const { grpc } = stack.writers[0]
  const { id } = await grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  for (const priceCents of [2, 3]) {
    await grpc.updateProduct({ id, product: { name: 'Teapot', priceCents }, updateMask: [] })
  }
  await readable(stack.reader, id, 3)
  await stack.mongo.collection<{ _id: string }>('product').deleteOne({ _id: id })

  const dry = await lockstep('republish', 'product', '--id', id, '--dry-run', '--json')
  expect(dry).toMatchObject({ code: 0, json: [{ scanned: 3, queued: 3 }] })
  // In upper case: every edge converts ids to lower case.
  const done = await lockstep('republish', 'product', '--id', id.toUpperCase())
  expect(done).toMatchObject({ code: 0, out: '3 events read, 3 queued for publication\n' })

  const restored = async () =>
    expect(await stack.mongo.collection<{ _id: string }>('product').findOne({ _id: id })).toMatchObject({
      version: 3,
      priceCents: 3,
    })
  await eventually(restored, { withinMs: 60_000 })
  const published = (await broker.recordsOf(eventsTopic('product'))).filter(({ key }) => String(key) === id)
  const versions = published.map(({ value }) => productEvents.decode(value ?? Buffer.alloc(0)).version)
  expect(versions).toEqual([1, 2, 3, 1, 2, 3])
  await eventually(
    async () => expect(await broker.uncommitted(projectionGroup('product'), eventsTopic('product'))).toBe(0),
    { withinMs: 60_000 },
  )
})

test('an unknown product is a problem, a malformed id is wrong usage', async ({ stack }) => {
  const lockstep = lockstepOf(stack)
  const unknown = '00000000-0000-7000-8000-000000000000'
  const { code, err } = await lockstep('republish', 'product', '--id', unknown)
  expect(code).toBe(1)
  expect(err).toContain(`There is no product ${unknown}`)
  expect((await lockstep('republish', 'product', '--id', 'x')).code).toBe(2)
})
