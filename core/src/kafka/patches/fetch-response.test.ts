import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { headerText, receivedHeaders, recordHeaderText, type ReceivedRecord } from '../client/record.ts'
import '../client/client.ts'
import { unpatched } from '../testing/unpatched.ts'
import { FetchedRecord } from './fetched-record.ts'

/* Batches that kafkajs encodes, decoded by kafkajs and by the patch of client.ts. */

type Message = {
  key: Buffer | null
  value: Buffer | null
  headers: object
  offset: string
  timestamp: string
}
type Decoded = { responses: { topicName: string; partitions: { messages: Message[] }[] }[] }
type Response = { decode: (bytes: Buffer) => Promise<Decoded> }
type Write = 'Int16' | 'Int32' | 'Int64' | 'String' | 'Buffer'
type Encoder = { buffer: Buffer } & { [W in Write as `write${W}`]: (value: unknown) => Encoder }

const require = createRequire(import.meta.url)
const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as Response
const { decode: original } = unpatched('kafkajs/src/protocol/requests/fetch/v11/response') as Response

const EncoderClass = require('kafkajs/src/protocol/encoder') as new () => Encoder
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoder>
}
const Record = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder

type Batch = { firstOffset: number; firstTimestamp: number; compression?: number; records: object[] }

async function bytesOf(batches: Batch[], cutOff = 0): Promise<Buffer> {
  const encoded = await Promise.all(
    batches.map(async ({ records, ...batch }) => {
      return (await RecordBatch({ ...batch, records: records.map(Record) })).buffer
    }),
  )
  const set = Buffer.concat(encoded)
  const w = new EncoderClass()
  w.writeInt32(0).writeInt16(0).writeInt32(0).writeInt32(1).writeString('topic').writeInt32(1)
  w.writeInt32(3).writeInt16(0).writeInt64(9).writeInt64(9).writeInt64(0).writeInt32(-1).writeInt32(-1)
  w.writeInt32(set.length - cutOff).writeBuffer(set.subarray(0, set.length - cutOff))
  return Buffer.from(w.buffer)
}

const comparable = ({ responses, ...rest }: Decoded) => ({
  ...rest,
  responses: responses.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ messages, ...partition }) => ({
      ...partition,
      messages: messages.map((message) => {
        const { key, value, offset, timestamp, headers } = message
        const final = message instanceof FetchedRecord ? headers : receivedHeaders(headers as never)
        return { key, value, offset, timestamp, headers: Object.entries(final) }
      }),
    })),
  })),
})

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
const name = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('ce_id', 'ce_type', 'constructor', 'toString', 'hasOwnProperty'),
)
const record = fc.record({
  offsetDelta: fc.nat(100_000),
  timestampDelta: fc.integer({ min: -1_000_000, max: 10_000_000_000 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 })), {
    maxKeys: 8,
  }),
})
const batch = fc.record({
  firstOffset: fc.maxSafeNat().map((n) => Math.floor(n / 2)),
  firstTimestamp: fc.nat(2_000_000_000_000),
  records: fc.array(record, { minLength: 1, maxLength: 20 }),
})

test('every record is decoded as kafkajs decodes it, also if the last batch is cut off', async () => {
  const property = fc.asyncProperty(
    fc.array(batch, { maxLength: 4 }),
    fc.nat(300),
    async (batches, cutOff) => {
      const sent = await bytesOf(batches, batches.length > 0 ? Math.min(cutOff, 60) : 0)
      const decoded = await response.decode(sent)
      expect(comparable(decoded)).toEqual(comparable(await original(sent)))
      for (const message of decoded.responses[0]!.partitions[0]!.messages) {
        expect(message).toBeInstanceOf(FetchedRecord)
        expect(message).toMatchObject({ topic: 'topic', partition: 3 })
      }
    },
  )
  await fc.assert(property, { numRuns: 300 })
})

test('a compressed batch is left to kafkajs', async () => {
  const records = [{ key: Buffer.from('k'), value: Buffer.from('v'), headers: { a: 'b' } }]
  const sent = await bytesOf([{ firstOffset: 5, firstTimestamp: 7, compression: 1, records }])
  const { messages } = (await response.decode(sent)).responses[0]!.partitions[0]!
  expect(messages).toMatchObject([
    { offset: '5', timestamp: '7', key: Buffer.from('k'), value: Buffer.from('v') },
  ])
  expect(messages[0]).not.toBeInstanceOf(FetchedRecord)
})

test('one header has the same text as among all headers', async () => {
  const names = ['ce_id', 'ce_type', 'constructor', 'absent', '']
  const property = fc.asyncProperty(batch, async (sent) => {
    const { messages } = (await response.decode(await bytesOf([sent]))).responses[0]!.partitions[0]!
    for (const message of messages as unknown as ReceivedRecord[]) {
      for (const each of [...names, ...Object.keys(message.headers)]) {
        expect(recordHeaderText(message, each)).toBe(headerText(message.headers, each))
      }
    }
  })
  await fc.assert(property, { numRuns: 200 })
})
