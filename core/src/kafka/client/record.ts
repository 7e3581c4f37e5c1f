import type { IHeaders, KafkaMessage } from 'kafkajs'
import { FetchedRecord } from '../patches/fetched-record.ts'

export type HeaderValue = Buffer | null
/**
 * Header names with their values. A name that is repeated in the record has an array, in the record's order.
 * (kafkajs 2.2.4 keeps the order of the values of one name, but not the order of different names.)
 */
export type RecordHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

/** A record that was received from a broker. */
export type ReceivedRecord = {
  readonly topic: string
  readonly partition: number
  /** A decimal number: offsets are 64 bits wide. */
  readonly offset: string
  /** Milliseconds since 1970, decimal. */
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: RecordHeaders
}

/** A record to be sent. The key decides the partition. */
export type OutgoingRecord = {
  readonly topic: string
  readonly key: Buffer | string | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, HeaderValue | string | readonly (HeaderValue | string)[]>>
}

/** The last value of a header as text: the one that counts if the header is repeated. */
export function headerText(headers: RecordHeaders, name: string): string | undefined {
  return headerValues(headers, name).at(-1)?.toString('utf8')
}

/** The same for a whole record. It decodes no other header. */
export function recordHeaderText(record: ReceivedRecord, name: string): string | undefined {
  return record instanceof FetchedRecord ? record.headerText(name) : headerText(record.headers, name)
}

export function headerValues(headers: RecordHeaders, name: string): readonly HeaderValue[] {
  const found = Object.hasOwn(headers, name) ? headers[name] : undefined
  if (found === undefined) return []
  return isList(found) ? found : [found]
}

const isList = <T>(value: T | readonly T[]): value is readonly T[] => Array.isArray(value)

export function receivedRecord(
  { topic, partition }: { topic: string; partition: number },
  message: KafkaMessage | FetchedRecord,
): ReceivedRecord {
  if (message instanceof FetchedRecord) return message
  const { offset, timestamp, key, value, headers } = message
  return { topic, partition, offset, timestamp, key, value, headers: receivedHeaders(headers) }
}

/**
 * The decoded headers, without the values that kafkajs 2.2.4 adds: it collects headers in a plain object and treats an
 * inherited property as an earlier value, so a header named `constructor` arrives as `[Object, value]`
 * (src/protocol/recordBatch/record/v0/decoder.js; no upstream issue found).
 */
export function receivedHeaders(decoded: IHeaders | undefined): RecordHeaders {
  const entries = Object.entries(decoded ?? {}).map(([name, value]) => {
    const all: unknown[] = Array.isArray(value) ? value : [value]
    const values = all.filter(isHeaderValue)
    return [name, values.length === 1 ? (values[0] ?? null) : values] as const
  })
  return Object.fromEntries(entries)
}

function isHeaderValue(value: unknown): value is HeaderValue {
  return value === null || Buffer.isBuffer(value)
}
