import { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type { ReceivedRecord } from '@lockstep/core/kafka/client/record.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEvent } from '../runtime/projection/consume-events.ts'
import { productSource } from './product-read-model.ts'

const decodeProductEvent = decodeEvent(productSource)

const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const details = { name: 'Teapot', description: 'Blue', category: 'kitchen', priceCents: 0 }
const updated: ProductEvent = {
  eventId: '0198c0de-7a11-7c0d-8000-00000000e001',
  productId: id,
  version: 2,
  occurredAt: new Date('2026-03-15T10:00:00.123Z'),
  createdAt: new Date('2026-03-14T09:26:53.589Z'),
  change: { $case: 'updated', updated: { details, changedFields: ['name'] } },
}

function record(value: Buffer | ProductEvent | null, more: Partial<ReceivedRecord> = {}): ReceivedRecord {
  return {
    topic: 'product.events',
    partition: 0,
    offset: '7',
    timestamp: '0',
    key: Buffer.from(id),
    value:
      value === null || Buffer.isBuffer(value) ? value : Buffer.from(ProductEvent.encode(value).finish()),
    headers: {},
    ...more,
  }
}

const classOf = (given: ReceivedRecord) => {
  const decoded = decodeProductEvent(given)
  return decoded.ok ? 'ok' : decoded.errorClass
}

test.each(['01', '00'])("a recorded trace continues with its command's state; flags: %s", (flags) => {
  const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`
  const headers = { traceparent: Buffer.from(traceparent), tracestate: Buffer.from('rojo=1') }
  const decoded = decodeProductEvent(record(updated, { headers }))
  expect(decoded.ok && decoded.value.tracestate).toBe(flags === '01' ? 'rojo=1' : undefined)
})

test('an event carries the whole state after the change', () => {
  const headers = {
    ce_type: Buffer.from('lockstep.product.v1.ProductUpdated'),
    traceparent: Buffer.from('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
  }
  expect(decodeProductEvent(record(updated, { headers }))).toEqual({
    ok: true,
    value: {
      eventId: updated.eventId,
      occurredAt: updated.occurredAt,
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      state: {
        id,
        version: 2,
        ...details,
        createdAt: updated.createdAt,
        updatedAt: updated.occurredAt,
        deleted: false,
      },
    },
  })
})

test('the state after a deletion is a tombstone with its version', () => {
  const decoded = decodeProductEvent(record({ ...updated, change: { $case: 'deleted', deleted: {} } }))
  expect(decoded).toMatchObject({ ok: true, value: { state: { id, version: 2, deleted: true } } })
})

test('bytes that are not an event are undecodable', () => {
  expect(classOf(record(null))).toBe('undecodable')
  expect(classOf(record(Buffer.alloc(0)))).toBe('undecodable')
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(classOf(record(Buffer.from(bytes)))).toBe('undecodable')
    }),
  )
})

test('an event with a string that is not UTF-8 is undecodable, not an event with another text', () => {
  const { value } = record(updated)
  const at = value!.indexOf('Teapot')
  expect(classOf(record(value))).toBe('ok')
  value![at + 2] = 0xff
  expect(classOf(record(value))).toBe('undecodable')
})

test('a type or a change that this reader does not know is an unknown type', () => {
  const headers = { ce_type: Buffer.from('lockstep.product.v1.ProductPainted') }
  expect(classOf(record(updated, { headers }))).toBe('unknown_type')
  expect(classOf(record({ ...updated, change: undefined }))).toBe('unknown_type')
})

test.each<[string, Partial<ProductEvent>]>([
  ['a version below 1', { version: 0 }],
  ['a first version that does not create', { version: 1 }],
  ['a creation that is not the first version', { change: { $case: 'created', created: { details } } }],
  ['no details', { change: { $case: 'updated', updated: { details: undefined, changedFields: [] } } }],
  [
    'a negative price',
    { change: { $case: 'updated', updated: { details: { ...details, priceCents: -1 }, changedFields: [] } } },
  ],
  [
    'an empty name',
    { change: { $case: 'updated', updated: { details: { ...details, name: '' }, changedFields: [] } } },
  ],
  ['no time of creation', { createdAt: undefined }],
  ['a time that RFC 3339 cannot write', { occurredAt: new Date(8.64e15) }],
  ['a product id that is not a UUID', { productId: 'x' }],
])('%s breaks an invariant', (_, change) => {
  const broken = { ...updated, ...change }
  expect(classOf(record(broken, { key: Buffer.from(broken.productId) }))).toBe('invariant')
})

test('a key or a header that contradicts the value breaks an invariant', () => {
  expect(classOf(record(updated, { key: Buffer.from('another') }))).toBe('invariant')
  expect(classOf(record(updated, { key: null }))).toBe('invariant')
  const headers = { ce_type: Buffer.from('lockstep.product.v1.ProductDeleted') }
  expect(classOf(record(updated, { headers }))).toBe('invariant')
})
