import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { errorHeaders, errorTopic, eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { brokerView, type BrokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import type { ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { expect } from 'vitest'
import { lockstepOf } from '../../clients/lockstep.ts'
import { eventually } from '../../system/eventually.ts'
import { metric } from '../../system/metric.ts'
import { readable } from '../../clients/readable.ts'
import type { Stack } from '../../system/stack.ts'
import { test } from '../../system/stack-test.ts'

/** A product with two versions, and the records of both. */
async function productAtTwo({ writers, reader }: Stack, broker: BrokerView) {
  const { grpc } = writers[0]
  const { id } = await grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  await grpc.updateProduct({ id, product: { name: 'Teapot', priceCents: 2 }, updateMask: [] })
  await readable(reader, id, 2)
  const published = await broker.recordsOf(eventsTopic('product'))
  const [first] = published.filter(({ key }) => String(key) === id)
  return { id, first: first! }
}

/** Puts the record on the error topic, as an older reader would that could not handle it. */
async function deadLetter(broker: BrokerView, record: ReceivedRecord) {
  const { key, value, headers, partition, offset, timestamp } = record
  const added = {
    [errorHeaders.topic]: eventsTopic('product'),
    [errorHeaders.partition]: String(partition),
    [errorHeaders.offset]: offset,
    [errorHeaders.timestamp]: timestamp,
    [errorHeaders.errorClass]: 'unknown_type',
    [errorHeaders.errorMessage]: 'from a writer that was newer',
    [errorHeaders.attempts]: '1',
    [errorHeaders.firstFailedAt]: new Date().toISOString(),
    [errorHeaders.consumerGroup]: projectionGroup('product'),
  }
  const asError = { key, value, headers: { ...headers, ...added } }
  await broker.produce(errorTopic(projectionGroup('product')), 0, [asError])
  return `${eventsTopic('product')}/${partition}/${offset}`
}

test('a redriven record that is older than the read model is superseded', async ({ stack }) => {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const lockstep = lockstepOf(stack)
  const { id, first } = await productAtTwo(stack, broker)
  const place = await deadLetter(broker, first)
  const superseded = async () =>
    (await metric(
      stack.reader,
      'reader_projection_events_total',
      'read_model="product",result="superseded"',
    )) ?? 0
  // Events that a writer killed earlier repeats would count.
  const uncommitted = () => broker.uncommitted(projectionGroup('product'), eventsTopic('product'))
  await eventually(async () => expect(await uncommitted()).toBe(0), { withinMs: 60_000 })
  const before = await superseded()

  const shown = await lockstep('errors', 'show', place)
  expect(shown.out).toContain('from a writer that was newer')
  expect(shown.out).toContain('"name": "Teapot"')
  const redriven = await lockstep('errors', 'redrive', place, '--reason', 'the reader is newer now')
  expect(redriven).toMatchObject({ code: 0, out: '1 record put on product-projection.retry\n' })

  await eventually(async () => expect(await superseded()).toBe(before + 1), { withinMs: 60_000 })
  const { product } = await stack.reader.grpc.getProduct({ id })
  expect(product).toMatchObject({ version: 2, priceCents: 2 })
  expect((await lockstep('errors', 'list', '--key', id)).out).toBe('none\n')
})

test('a redriven record that the reader can handle now is applied', async ({ stack }) => {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const lockstep = lockstepOf(stack)
  const { id, first } = await productAtTwo(stack, broker)
  await deadLetter(broker, first)
  // As if the read model had never had it.
  const documents = stack.mongo.collection<{ _id: string }>('product')
  await documents.deleteOne({ _id: id })
  expect(await lockstep('errors', 'redrive', '--key', id, '--via', 'writer')).toMatchObject({ code: 0 })
  // This reader has served version 2, so it does not return an older one.
  await eventually(async () => expect(await documents.findOne({ _id: id })).toMatchObject({ version: 1 }), {
    withinMs: 60_000,
  })
})

test('poison that fails again is listed again until it is discarded with a reason', async ({ stack }) => {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const lockstep = lockstepOf(stack)
  const key = randomUUID()
  await broker.produce(eventsTopic('product'), 2, [{ key, value: randomBytes(40), headers: { a: 'b' } }])
  const listed = async (...more: string[]) =>
    (await lockstep('errors', 'list', '--key', key, '--json', ...more)).json
  const attempts = (count: number) =>
    eventually(async () => expect(await listed()).toMatchObject([{ attempts: count }]), { withinMs: 60_000 })
  await attempts(1)
  const [entry] = await listed()
  expect(entry).toMatchObject({ topic: eventsTopic('product'), partition: 2, key, errorClass: 'undecodable' })

  const record = String(entry?.['record'])
  expect((await lockstep('errors', 'show', record)).out).toMatch(/^00000000 {2}([0-9a-f]{2} ){16} \|/m)
  expect(await lockstep('errors', 'redrive', '--key', key, '--dry-run')).toMatchObject({ code: 0 })
  expect(await listed('--resolved')).toEqual([])
  expect(await lockstep('errors', 'redrive', record)).toMatchObject({ code: 0 })
  await attempts(2)

  expect(await lockstep('errors', 'discard', record, '--reason', '')).toMatchObject({ code: 2 })
  const discarded = await lockstep('errors', 'discard', record, '--by', 'ann', '--reason', 'not ours')
  expect(discarded).toMatchObject({ code: 0, out: '1 record discarded\n' })
  expect(await listed()).toEqual([])
  expect(await listed('--resolved')).toMatchObject([
    { record, resolution: { outcome: 'discarded', attempts: 2, by: 'ann', reason: 'not ours' } },
  ])
  // It is discarded already.
  expect(await lockstep('errors', 'discard', record, '--reason', 'again')).toMatchObject({ code: 1 })
})

test('pnpm lockstep runs the tool and returns its exit code', async () => {
  const run = promisify(execFile)
  await expect(run('pnpm', ['lockstep', 'errors', '--help'])).resolves.toMatchObject({
    stdout: expect.stringMatching(/^Usage: lockstep errors/),
  })
  await expect(run('pnpm', ['lockstep', 'errors', 'redrive'])).rejects.toMatchObject({ code: 2 })
})

test('without the operators API the tool names the setting', async ({ stack }) => {
  await using reader = await stack.startReader({ OPS_API: 'false' })
  const lockstep = lockstepOf({ ...stack, reader })
  const { code, err } = await lockstep('errors', 'list')
  expect(code).toBe(1)
  expect(err).toContain('OPS_API=true')
})
