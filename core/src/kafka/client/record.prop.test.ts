import { createRequire } from 'node:module'
import fc from 'fast-check'
import type { IHeaders } from 'kafkajs'
import { expect, test } from 'vitest'
import { encodableHeaders, headerValues, receivedHeaders } from './record.ts'

/* Encodes and decodes a record with kafkajs itself. */

type Decoder = { readVarInt(): number }
type Encode = (record: { key: Buffer; value: Buffer; headers: IHeaders }) => { buffer: Buffer }
type Decode = (
  decoder: Decoder,
  batch: { firstOffset: string; firstTimestamp: string },
) => { headers: IHeaders }

const require = createRequire(import.meta.url)
const encode = require('kafkajs/src/protocol/recordBatch/record/v0') as Encode
const decode = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as Decode
const Bytes = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => Decoder

function roundTrip(headers: IHeaders): IHeaders {
  const bytes = new Bytes(encode({ key: Buffer.alloc(0), value: Buffer.alloc(0), headers }).buffer)
  bytes.readVarInt() // the length
  return decode(bytes, { firstOffset: '0', firstTimestamp: '0' }).headers
}

const value = fc.option(
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  { freq: 4 },
)
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  // The names of inherited properties.
  fc.constantFrom('constructor', 'toString', '__proto__', 'hasOwnProperty'),
)
const headers = fc.dictionary(name, fc.array(value, { minLength: 1, maxLength: 3 }), { maxKeys: 6 })

test('every header keeps all its values in their order, for any name and bytes', () => {
  fc.assert(
    fc.property(headers, (sent) => {
      const received = receivedHeaders(roundTrip(encodableHeaders(sent)))
      expect(Object.keys(received).toSorted()).toEqual(Object.keys(sent).toSorted())
      for (const [key, values] of Object.entries(sent)) expect(headerValues(received, key)).toEqual(values)
    }),
    { numRuns: 1_000 },
  )
})

test('received headers that are sent again are received unchanged', () => {
  fc.assert(
    fc.property(headers, (sent) => {
      const first = receivedHeaders(roundTrip(encodableHeaders(sent)))
      expect(receivedHeaders(roundTrip(encodableHeaders(first)))).toEqual(first)
    }),
  )
})
