import { createRequire } from 'node:module'
import type { HeaderValue, RecordHeaders } from '../client/record.ts'

/** The part of the decoder of kafkajs that is used here. */
type Decoder = {
  buffer: Buffer
  offset: number
  readInt16(): number
  readInt32(): number
  readInt64(): bigint
  readString(): string
  readArray<T>(read: (decoder: Decoder) => T): T[]
  readBytes(length: number): Buffer
  canReadBytes(length: number): boolean
}

type FetchResponse = { decode: (bytes: Buffer) => Promise<unknown> }

const require = createRequire(import.meta.url)
const KafkaJsDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder

/** https://kafka.apache.org/documentation/#recordbatch: the positions of the fields of a batch. */
const LENGTH_AT = 8
const LENGTH_END = 12
const MAGIC_AT = 16
const ATTRIBUTES_AT = 21
const TIME_AT = 27
const COUNT_AT = 57
const RECORDS_AT = 61

/** What is left to kafkajs: compressed, transactional and control batches, times of the broker, old formats. */
class NotPlain extends Error {}

type Fields = Pick<FetchedMessage, 'offset' | 'timestamp' | 'key' | 'value' | 'headers'>

/** A record as kafkajs passes it on, with the headers in their final form. */
export class FetchedMessage {
  readonly magicByte = 2
  readonly attributes = 0
  readonly isControlRecord = false
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders

  constructor({ offset, timestamp, key, value, headers }: Fields) {
    this.offset = offset
    this.timestamp = timestamp
    this.key = key
    this.value = value
    this.headers = headers
  }
}

/**
 * Decodes the records of a fetch. kafkajs 2.2.4 does it with BigInts for times and offsets, and copies the headers that
 * it has once more for each header (src/protocol/recordBatch/record/v0/decoder.js; no upstream issue found), which costs
 * 6 us per event. Fetch v11 is what brokers since 2.3 and kafkajs agree on. fetch-response.test.ts compares both.
 */
export function decodeFetchResponsesFast(): void {
  const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as FetchResponse
  const { decode } = response
  response.decode = async (bytes) => {
    try {
      return decodeResponse(new KafkaJsDecoder(bytes))
    } catch (error) {
      if (error instanceof NotPlain) return decode(bytes)
      throw error
    }
  }
}

function decodeResponse(decoder: Decoder) {
  const clientSideThrottleTime = decoder.readInt32()
  const errorCode = decoder.readInt16()
  const sessionId = decoder.readInt32()
  const responses = decoder.readArray(() => ({
    topicName: decoder.readString(),
    partitions: decoder.readArray(decodePartition),
  }))
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

function decodePartition(decoder: Decoder) {
  return {
    partition: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    highWatermark: String(decoder.readInt64()),
    lastStableOffset: String(decoder.readInt64()),
    lastStartOffset: String(decoder.readInt64()),
    abortedTransactions: decoder.readArray(refuse),
    preferredReadReplica: decoder.readInt32(),
    messages: decodeMessages(decoder),
  }
}

function refuse(): never {
  throw new NotPlain()
}

/** The last batch may be cut off: the broker returns as many bytes as the fetch allows. */
function decodeMessages(decoder: Decoder): FetchedMessage[] {
  const size = decoder.readInt32()
  if (size <= 0 || !decoder.canReadBytes(size)) return []
  const bytes = decoder.readBytes(size)
  const messages: FetchedMessage[] = []
  const reader = new RecordReader(bytes)
  for (let at = 0; at + RECORDS_AT <= size;) {
    const end = at + LENGTH_END + bytes.readInt32BE(at + LENGTH_AT)
    if (bytes[at + MAGIC_AT] !== 2) refuse()
    if (end > size) break
    if (bytes.readInt16BE(at + ATTRIBUTES_AT) !== 0) refuse()
    const offset = Number(bytes.readBigInt64BE(at))
    const time = Number(bytes.readBigInt64BE(at + TIME_AT))
    reader.at = at + RECORDS_AT
    for (let left = bytes.readInt32BE(at + COUNT_AT); left > 0; left--)
      messages.push(reader.record(offset, time))
    at = end
  }
  return messages
}

type Name = { text: string; bytes: Buffer }

class RecordReader {
  at = 0
  readonly #bytes: Buffer
  /** The header names of the record before: producers repeat them, and a comparison is cheaper than a new string. */
  readonly #names: Name[] = []

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  record(batchOffset: number, batchTime: number): FetchedMessage {
    const length = this.#varint()
    const end = this.at + length
    this.at++ // attributes, which are unused
    const time = batchTime + this.#varint()
    const offset = batchOffset + this.#varint()
    if (!Number.isSafeInteger(time) || !Number.isSafeInteger(offset)) refuse()
    const key = this.#nullable()
    const value = this.#nullable()
    const headers = this.#headers()
    this.at = end
    return new FetchedMessage({ offset: String(offset), timestamp: String(time), key, value, headers })
  }

  #headers(): RecordHeaders {
    const headers: Record<string, HeaderValue | HeaderValue[]> = {}
    const count = this.#varint()
    for (let index = 0; index < count; index++) {
      const name = this.#name(index)
      const value = this.#nullable()
      // Also true for names of inherited properties, such as `constructor`.
      if (name in headers) addToHeader(headers, name, value)
      else headers[name] = value
    }
    return headers
  }

  #name(index: number): string {
    const length = this.#varint()
    const start = this.at
    this.at += length
    const before = this.#names[index]
    if (before?.bytes.length === length && startsWith(this.#bytes, start, before.bytes)) return before.text
    const bytes = this.#bytes.subarray(start, this.at)
    const text = bytes.toString('utf8')
    this.#names[index] = { text, bytes }
    return text
  }

  #nullable(): Buffer | null {
    const length = this.#varint()
    if (length < 0) return null
    const start = this.at
    this.at += length
    return this.#bytes.subarray(start, this.at)
  }

  /** Zigzag, up to 64 bits; exact up to 53. */
  #varint(): number {
    let byte = this.#bytes[this.at++]!
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    let scale = 0x80
    do {
      byte = this.#bytes[this.at++]!
      value += (byte & 0x7f) * scale
      scale *= 0x80
    } while (byte >= 0x80)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

function startsWith(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false
  return true
}

function addToHeader(
  headers: Record<string, HeaderValue | HeaderValue[]>,
  name: string,
  value: HeaderValue,
): void {
  const before = Object.hasOwn(headers, name) ? headers[name] : undefined
  const all = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
  Object.defineProperty(headers, name, { value: all, enumerable: true, writable: true, configurable: true })
}
