import { randomBytes, randomUUID } from 'node:crypto'
import { eventRecord } from '@lockstep/contracts/event-contract.ts'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import {
  errorHeaders,
  errorTopic,
  eventHeaders,
  eventsTopic,
  projectionGroup,
} from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { headerText, type OutgoingRecord, type ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import { expect } from 'vitest'
import { eventually } from '../../system/eventually.ts'
import { test } from '../../system/stack-test.ts'

type Record = OutgoingRecord & { key: string; value: Buffer; headers: { [name: string]: Buffer | Buffer[] } }

/** The creation of a product as the writer publishes it. */
function creation(id: string, version = 1): Record {
  const now = new Date()
  const details = { name: 'Behind', description: '', category: 'general', priceCents: 1 }
  const eventId = randomUUID()
  const change = { $case: 'created', created: { details } } as const
  const payload = productEvents.encode({
    eventId,
    productId: id,
    version,
    occurredAt: now,
    createdAt: now,
    change,
  })
  const type = 'lockstep.product.v1.ProductCreated'
  const record = eventRecord({
    aggregate: 'product',
    id,
    eventId,
    type,
    occurredAt: now,
    payload,
    traceparent: undefined,
  })
  const headers = Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value ?? '')])
  return { ...record, headers: Object.fromEntries(headers) as Record['headers'] }
}

/**
 * The largest value for a batch with only this record, in the batch format of KIP-98: 61 bytes of frame, then lengths
 * as varints: 3 bytes for the record and the value, 1 for each other field.
 */
function largestValue(limit: number, { key, headers }: Record): number {
  const pairs = Object.entries(headers).map(([name, value]) => 2 + Buffer.byteLength(name) + value.length)
  const fields = 1 + 1 + 1 + (1 + Buffer.byteLength(key)) + 3 + 1
  return limit - 61 - 3 - fields - pairs.reduce((sum, bytes) => sum + bytes, 0)
}

/** Headers that our services never send: not UTF-8, empty, repeated. */
const foreign = {
  'x-raw': Buffer.from([0xff, 0x00, 0xfe]),
  'x-empty': Buffer.alloc(0),
  'x-two': [Buffer.from('1'), Buffer.from('2')],
}

const partition = 3
const limit = 1_048_576

test('poison goes to the error topic with its bytes and headers unchanged; the records behind it are applied', async ({
  stack,
}) => {
  const { servers, reader } = stack
  await using broker = await brokerView(servers.kafka.brokers)
  const poison = (errorClass: string, change: Partial<Record>) => {
    const key = randomUUID()
    const { headers, ...record } = creation(key)
    return { errorClass, record: { ...record, headers: { ...headers, ...foreign }, ...change } }
  }
  const large = poison('undecodable', { headers: { 'x-raw': foreign['x-raw'] } })
  large.record.value = randomBytes(largestValue(limit, large.record))
  const poisons = [
    poison('undecodable', { value: randomBytes(500) }),
    poison('undecodable', { value: Buffer.alloc(0) }),
    poison('unknown_type', {
      headers: { [eventHeaders.type]: Buffer.from('lockstep.product.v1.ProductMoved'), ...foreign },
    }),
    poison('invariant', { value: creation(randomUUID(), 7).value }),
    large,
  ]
  const good = randomUUID()

  await broker.produce(
    eventsTopic('product'),
    partition,
    poisons.slice(0, -1).map(({ record }) => record),
  )
  await broker.produce(eventsTopic('product'), partition, [large.record])
  await broker.produce(eventsTopic('product'), partition, [creation(good)])
  const oneMore = { ...large.record, value: Buffer.concat([large.record.value, Buffer.alloc(1)]) }
  await expect(broker.produce(eventsTopic('product'), partition, [oneMore])).rejects.toThrow(
    /larger|too large/i,
  )

  const found = await eventually(() => reader.grpc.getProduct({ id: good }), { withinMs: 60_000 })
  expect(found.product).toMatchObject({ id: good, version: 1, name: 'Behind' })

  const keys = new Set(poisons.map(({ record }) => record.key))
  const deadLetters = (await broker.recordsOf(errorTopic(projectionGroup('product')))).filter(({ key }) =>
    keys.has(key?.toString() ?? ''),
  )
  expect(deadLetters).toHaveLength(poisons.length)
  for (const [index, { errorClass, record }] of poisons.entries()) {
    const error = deadLetters[index] as ReceivedRecord
    expect(error.key?.toString()).toBe(record.key)
    expect(error.value?.equals(record.value), errorClass).toBe(true)
    expect(error.headers).toMatchObject(record.headers)
    expect(headerText(error.headers, errorHeaders.errorClass)).toBe(errorClass)
    expect(headerText(error.headers, errorHeaders.topic)).toBe(eventsTopic('product'))
    expect(headerText(error.headers, errorHeaders.partition)).toBe(String(partition))
    expect(headerText(error.headers, errorHeaders.consumerGroup)).toBe(projectionGroup('product'))
    const added = Object.values(errorHeaders).toSorted()
    const names = Object.keys(error.headers).filter((name) => !(name in record.headers))
    expect(names.toSorted()).toEqual(added)
  }
})
