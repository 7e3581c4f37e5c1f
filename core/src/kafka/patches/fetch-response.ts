import { createRequire } from 'node:module'
import { NotPlain, RecordReader, refuse, type FetchedRecord } from './fetched-record.ts'

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

/**
 * Decodes the records of a fetch. kafkajs 2.2.4 does it with BigInts for times and offsets, and copies the headers that
 * it has once more for each header (src/protocol/recordBatch/record/v0/decoder.js; no upstream issue found). Fetch v11
 * is what brokers since 2.3 and kafkajs agree on. fetch-response.test.ts compares both.
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
  const responses = decoder.readArray(() => {
    const topicName = decoder.readString()
    return { topicName, partitions: decoder.readArray(() => decodePartition(decoder, topicName)) }
  })
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses }
}

function decodePartition(decoder: Decoder, topic: string) {
  const partition = decoder.readInt32()
  return {
    partition,
    errorCode: decoder.readInt16(),
    highWatermark: String(decoder.readInt64()),
    lastStableOffset: String(decoder.readInt64()),
    lastStartOffset: String(decoder.readInt64()),
    abortedTransactions: decoder.readArray(refuse),
    preferredReadReplica: decoder.readInt32(),
    messages: decodeMessages(decoder, topic, partition),
  }
}

/** The last batch may be cut off: the broker returns as many bytes as the fetch allows. */
function decodeMessages(decoder: Decoder, topic: string, partition: number): FetchedRecord[] {
  const size = decoder.readInt32()
  if (size <= 0 || !decoder.canReadBytes(size)) return []
  const bytes = decoder.readBytes(size)
  const messages: FetchedRecord[] = []
  const reader = new RecordReader(bytes, topic, partition)
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
