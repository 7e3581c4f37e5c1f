import { randomUUID } from 'node:crypto'
import { productEvents } from '@lockstep/contracts/product-events.ts'
import { stockEvents } from '@lockstep/contracts/stock-events.ts'
import type { GetDeadLetterResponse } from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { expect, test } from 'vitest'
import { deadLetterLine, hexDump, recordJson, recordText } from './record-text.ts'

const at = new Date('2026-03-14T09:26:53.589Z')

function found(value: Buffer | undefined): GetDeadLetterResponse {
  return {
    deadLetter: {
      position: { topic: 'product.events', partition: 3, offset: 17 },
      key: Buffer.from([0xff, 0x00]),
      errorClass: 'invariant',
      errorMessage: 'the key of the record is not the product_id',
      attempts: 1,
      firstFailedAt: at,
      failedAt: at,
      resolution: undefined,
    },
    value,
    headers: [{ name: 'raw', value: Buffer.from([1]) }, { name: 'none' }],
  }
}

test('an event is shown decoded', () => {
  const details = { name: 'Teapot', description: '', category: 'kitchen', priceCents: 0 }
  const change = { $case: 'created', created: { details } } as const
  const event = { eventId: randomUUID(), productId: 'x', version: 1, occurredAt: at, createdAt: at, change }
  const text = recordText(found(productEvents.encode(event)))
  expect(text).toContain('product.events/3/17')
  expect(text).toContain('"name": "Teapot"')
  expect(recordJson(found(productEvents.encode(event)))).toMatchObject({
    payload: { eventId: event.eventId },
  })
})

test('an event of another aggregate is decoded by the message of its topic', () => {
  const level = { onHand: 7, reservations: [] }
  const change = { $case: 'counted', counted: { onHand: 7 } } as const
  const event = {
    eventId: randomUUID(),
    stockId: 'x',
    version: 2,
    occurredAt: at,
    createdAt: at,
    level,
    change,
  }
  const response = found(stockEvents.encode(event))
  response.deadLetter!.position!.topic = 'stock.events'
  expect(recordJson(response)).toMatchObject({ payload: { stockId: 'x', counted: { onHand: '7' } } })
  response.deadLetter!.position!.topic = 'other.events'
  expect(recordJson(response)).not.toHaveProperty('payload')
})

test('bytes that are not an event are shown as a hex dump, in keys and headers too', () => {
  const text = recordText(found(Buffer.from('no event at all\n', 'latin1')))
  expect(text).toContain('cannot be decoded')
  expect(text).toContain('6e 6f 20 65 76 65 6e 74 20 61 74 20 61 6c 6c 0a  |no event at all.|')
  expect(text).toContain('0xff00')
  expect(text).toContain('raw: 0x01')
  expect(text).toContain('none: (null)')
  expect(recordText(found(undefined))).toContain('no value')
})

test('foreign text cannot move the cursor or fake a line', () => {
  const foreign = 'a\x1b[2J\r\nb\u009bc\u202e'
  const record = found(undefined)
  const deadLetter = {
    ...record.deadLetter!,
    position: { topic: foreign, partition: 0, offset: 1 },
    errorMessage: foreign,
    errorClass: foreign,
    key: Buffer.from('k\nl'),
  }
  const headers = [{ name: foreign, value: Buffer.from('v\rw') }]
  const escaped = String.raw`a\u001b[2J\u000d\u000ab\u009bc\u202e`
  expect(deadLetterLine(deadLetter)).toContain(escaped)
  expect(deadLetterLine(deadLetter)).not.toMatch(/\p{C}/u)
  const lines = recordText({ ...record, deadLetter, headers }).split('\n')
  expect(lines).toContain(`message       ${escaped}`)
  expect(lines).toContain(`  ${escaped}: v\\u000dw`)
  expect(lines).toContain(String.raw`key           k\u000al`)
  expect(lines.join('')).not.toMatch(/\p{C}/u)
})

test('a hex dump has sixteen bytes per line, and the rest on the last line', () => {
  expect(hexDump(Buffer.alloc(17, 0x41))).toEqual([
    `00000000  ${'41 '.repeat(16)} |${'A'.repeat(16)}|`,
    `00000010  41${' '.repeat(45)}  |A|`,
  ])
  expect(hexDump(Buffer.alloc(0))).toEqual([])
})
