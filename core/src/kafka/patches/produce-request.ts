import { createRequire } from 'node:module'
import type { OutgoingRecord } from '../client/record.ts'

/** The part of the encoder of kafkajs that is used here. */
type Encoder = {
  buf: Buffer
  offset: number
  ensureAvailable(bytes: number): void
  writeInt8(value: number): Encoder
  writeInt16(value: number): Encoder
  writeInt32(value: number): Encoder
  writeInt64(value: number): Encoder
  writeString(value: string | null): Encoder
}

type Message = Pick<OutgoingRecord, 'key' | 'value' | 'headers'> & { timestamp?: string | undefined }

type ProduceOptions = {
  acks: number
  timeout: number
  transactionalId?: string | null
  /** -1 without idempotence. */
  producerId?: number
  compression?: number
  topicData: { topic: string; partitions: { partition: number; messages: Message[] }[] }[]
}

type ProduceRequest = (options: ProduceOptions) => { encode: () => Promise<Encoder> }

const require = createRequire(import.meta.url)
const KafkaJsEncoder = require('kafkajs/src/protocol/encoder') as new (initialSize: number) => Encoder
const crc32c = require('kafkajs/src/protocol/recordBatch/crc32C') as (bytes: Uint8Array) => number

const MAGIC = 2
const NO_PRODUCER = -1
const MAX_VARINT_BYTES = 5

/**
 * Encodes a whole request into one buffer. kafkajs 2.2.4 allocates an encoder of 512 bytes for each record and each
 * header, and writes each varint through an array and a buffer of its own (https://github.com/tulios/kafkajs/issues/383,
 * https://github.com/tulios/kafkajs/pull/475). It also cannot write a null header value
 * (https://github.com/tulios/kafkajs/issues/1789). It loads the module at each request, so it finds this function.
 *
 * Only the form that producer.ts sends is encoded here: produce v7 (brokers since 2.1), without compression,
 * transaction, idempotence and timestamps. The bytes equal those of kafkajs, which produce-request.test.ts checks.
 */
export function encodeProduceRequestsAtOnce(): void {
  const path = require.resolve('kafkajs/src/protocol/requests/produce/v7/request')
  const original = require(path) as ProduceRequest
  const replacement: ProduceRequest = (options) => {
    const request = original(options)
    return isPlain(options) ? { ...request, encode: async () => encodeProduce(options) } : request
  }
  require.cache[path]!.exports = replacement
}

function isPlain({ transactionalId, producerId = NO_PRODUCER, compression = 0, topicData }: ProduceOptions) {
  const timed = topicData.some(({ partitions }) =>
    partitions.some(({ messages }) => messages.some(({ timestamp }) => timestamp !== undefined)),
  )
  return (transactionalId ?? '') === '' && producerId === NO_PRODUCER && compression === 0 && !timed
}

function encodeProduce({ acks, timeout, topicData }: ProduceOptions): Encoder {
  const out = new KafkaJsEncoder(64 * 1024)
  out.writeString(null).writeInt16(acks).writeInt32(timeout).writeInt32(topicData.length)
  for (const { topic, partitions } of topicData) {
    out.writeString(topic).writeInt32(partitions.length)
    for (const { partition, messages } of partitions) {
      const sizeAt = out.writeInt32(partition).offset
      out.writeInt32(0)
      writeBatch(out, messages)
      out.buf.writeInt32BE(out.offset - sizeAt - 4, sizeAt)
    }
  }
  return out
}

/** https://kafka.apache.org/documentation/#recordbatch */
function writeBatch(out: Encoder, messages: readonly Message[]): void {
  const now = Date.now()
  const lengthAt = out.writeInt64(0).offset
  const crcAt = out.writeInt32(0).writeInt32(0).writeInt8(MAGIC).offset
  out.writeInt32(0).writeInt16(0)
  out.writeInt32(messages.length - 1)
  out.writeInt64(now).writeInt64(now)
  out.writeInt64(NO_PRODUCER).writeInt16(0).writeInt32(0)
  out.writeInt32(messages.length)
  messages.forEach((message, index) => writeRecord(out, message, index))
  out.buf.writeInt32BE(out.offset - lengthAt - 4, lengthAt)
  out.buf.writeUInt32BE(crc32c(out.buf.subarray(crcAt + 4, out.offset)), crcAt)
}

/** The size comes first and is known last, so the record is written behind the room for it and then moved. */
function writeRecord(out: Encoder, { key, value, headers = {} }: Message, index: number): void {
  const entries = Object.entries(headers)
  out.ensureAvailable(largestSize(key, value, entries))
  const { buf, offset } = out
  const start = offset + MAX_VARINT_BYTES
  buf[start] = 0 // attributes
  buf[start + 1] = 0 // milliseconds after the batch's time
  let at = writeVarint(buf, start + 2, index)
  at = writeBytes(buf, at, key)
  at = writeBytes(buf, at, value)
  at = writeVarint(
    buf,
    at,
    entries.reduce((count, [, values]) => count + (isList(values) ? values.length : 1), 0),
  )
  for (const [name, values] of entries) {
    if (!isList(values)) at = writeBytes(buf, writeBytes(buf, at, name), values)
    else for (const each of values) at = writeBytes(buf, writeBytes(buf, at, name), each)
  }
  const body = writeVarint(buf, offset, at - start)
  buf.copyWithin(body, start, at)
  out.offset = body + at - start
}

type Bytes = Buffer | string | null

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value)

/** A UTF-16 unit takes three bytes of UTF-8 at most. */
const largest = (value: Bytes) => MAX_VARINT_BYTES + 3 * (value?.length ?? 0)

function largestSize(key: Bytes, value: Bytes, headers: [string, Bytes | readonly Bytes[]][]): number {
  let bytes = 4 * MAX_VARINT_BYTES + largest(key) + largest(value)
  for (const [name, values] of headers) {
    for (const each of isList(values) ? values : [values]) bytes += largest(name) + largest(each)
  }
  return bytes
}

function writeBytes(buf: Buffer, at: number, value: Bytes): number {
  if (value === null) return writeVarint(buf, at, -1)
  if (typeof value !== 'string') {
    const start = writeVarint(buf, at, value.length)
    buf.set(value, start)
    return start + value.length
  }
  const bytes = Buffer.byteLength(value)
  const start = writeVarint(buf, at, bytes)
  return start + buf.write(value, start, bytes, 'utf8')
}

/** Zigzag: the sign is the lowest bit. */
function writeVarint(buf: Buffer, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 0x7f) {
    buf[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buf[at++] = rest
  return at
}
