import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import './client.ts'
import { headerValues, type OutgoingRecord, type ReceivedRecord } from './record.ts'

/* Records are encoded and decoded by kafkajs with its patches, without a broker. */

type Produce = {
  protocol: (of: { version: number }) => (options: object) => {
    request: { encode: () => Promise<{ buffer: Buffer }> }
  }
}
type Fetch = {
  decode: (bytes: Buffer) => Promise<{ responses: { partitions: { messages: ReceivedRecord[] }[] }[] }>
}

const require = createRequire(import.meta.url)
const { protocol } = require('kafkajs/src/protocol/requests/produce') as Produce
const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as Fetch

/** The records of a request for the topic `t` begin here. */
const RECORDS_AT = 27
/** The response to a fetch of this topic, up to the size of the records. */
const fetched = Buffer.from(
  [
    '00000000 0000 00000000 00000001 0001 74 00000001 00000000 0000',
    '0000000000000001 0000000000000001 0000000000000000 ffffffff ffffffff',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)

async function roundTrip(headers: OutgoingRecord['headers']): Promise<ReceivedRecord['headers']> {
  const topicData = [
    { topic: 't', partitions: [{ partition: 0, messages: [{ key: 'k', value: null, headers }] }] },
  ]
  const { request } = protocol({ version: 7 })({ acks: -1, timeout: 1, topicData })
  const records = (await request.encode()).buffer.subarray(RECORDS_AT)
  const size = Buffer.alloc(4)
  size.writeInt32BE(records.length)
  const { responses } = await response.decode(Buffer.concat([fetched, size, records]))
  return responses[0]!.partitions[0]!.messages[0]!.headers
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

test('every header keeps all its values in their order, for any name and bytes', async () => {
  const property = fc.asyncProperty(headers, async (sent) => {
    const received = await roundTrip(sent)
    expect(Object.keys(received).toSorted()).toEqual(Object.keys(sent).toSorted())
    for (const [key, values] of Object.entries(sent)) expect(headerValues(received, key)).toEqual(values)
  })
  await fc.assert(property, { numRuns: 1_000 })
})

test('received headers that are sent again are received unchanged', async () => {
  const property = fc.asyncProperty(headers, async (sent) => {
    const first = await roundTrip(sent)
    expect(await roundTrip(first)).toEqual(first)
  })
  await fc.assert(property)
})
