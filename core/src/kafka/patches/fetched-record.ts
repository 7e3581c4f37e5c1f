import type { HeaderValue, ReceivedRecord, RecordHeaders } from '../client/record.ts'

/* The records of a fetch, read from their bytes: https://kafka.apache.org/documentation/#record */

/** What is left to kafkajs: compressed, transactional and control batches, times of the broker, old formats. */
export class NotPlain extends Error {}

export function refuse(): never {
  throw new NotPlain()
}

type Fields = Omit<ReceivedRecord, 'headers'> & { reader: RecordReader; headersAt: number }

/** A record as kafkajs passes it on. Its headers are decoded when they are read: most handlers need one or two. */
export class FetchedRecord implements ReceivedRecord {
  readonly magicByte = 2
  readonly attributes = 0
  readonly isControlRecord = false
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly #reader: RecordReader
  readonly #headersAt: number
  #headers: RecordHeaders | undefined

  constructor({ topic, partition, offset, timestamp, key, value, reader, headersAt }: Fields) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    this.key = key
    this.value = value
    this.#reader = reader
    this.#headersAt = headersAt
  }

  get headers(): RecordHeaders {
    return (this.#headers ??= this.#reader.headers(this.#headersAt))
  }

  /** The same as `headerText(this.headers, name)`, without decoding the other headers. */
  headerText(name: string): string | undefined {
    return this.#reader.headerText(this.#headersAt, name)
  }
}

type Name = { text: string; bytes: Buffer }

/** Reads the records of one partition, one after the other. */
export class RecordReader {
  at = 0
  readonly #bytes: Buffer
  readonly #topic: string
  readonly #partition: number
  /** The header names of the record before: producers repeat them, and a comparison is cheaper than a new string. */
  readonly #names: Name[] = []

  constructor(bytes: Buffer, topic: string, partition: number) {
    this.#bytes = bytes
    this.#topic = topic
    this.#partition = partition
  }

  record(batchOffset: number, batchTime: number): FetchedRecord {
    const length = this.#varint()
    const end = this.at + length
    this.at++ // attributes, which are unused
    const time = batchTime + this.#varint()
    const offset = batchOffset + this.#varint()
    if (!Number.isSafeInteger(time) || !Number.isSafeInteger(offset)) refuse()
    const key = this.#nullable()
    const value = this.#nullable()
    const headersAt = this.at
    this.at = end
    return new FetchedRecord({
      topic: this.#topic,
      partition: this.#partition,
      offset: String(offset),
      timestamp: String(time),
      key,
      value,
      reader: this,
      headersAt,
    })
  }

  headers(at: number): RecordHeaders {
    this.at = at
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

  headerText(at: number, name: string): string | undefined {
    const wanted = bytesOfName(name)
    let text: string | undefined
    this.at = at
    for (let left = this.#varint(); left > 0; left--) {
      const nameLength = this.#varint()
      const nameAt = this.at
      this.at += nameLength
      const length = this.#varint()
      const valueAt = this.at
      this.at += Math.max(0, length)
      if (nameLength !== wanted.length || !startsWith(this.#bytes, nameAt, wanted)) continue
      text = length < 0 ? undefined : this.#bytes.toString('utf8', valueAt, this.at)
    }
    return text
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

const names = new Map<string, Buffer>()

/** The names are those that the code asks for, so the map stays small. */
function bytesOfName(name: string): Buffer {
  const bytes = names.get(name) ?? Buffer.from(name)
  names.set(name, bytes)
  return bytes
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
