/**
 * Traces as OTLP in protobuf: the part of opentelemetry/proto/trace/v1/trace.proto that this project uses. The numbers
 * below are the fields of that file.
 */
export type Span = {
  /** 32 hexadecimal digits. */
  traceId: string
  /** 16 hexadecimal digits, as `parentSpanId`. */
  spanId: string
  parentSpanId: string | undefined
  name: string
  kind: keyof typeof kinds
  attributes: Attributes
  /** Milliseconds since the epoch, with a fraction. */
  startMs: number
  endMs: number
  /** The error that ended the work. */
  error: string | undefined
}

/** The numbers are whole and not negative; a text is cut after 500 characters. */
export type Attributes = Readonly<Record<string, string | number>>

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const
const STATUS_CODE_ERROR = 2

const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2

/** A request is sent when fewer than `ROOM` bytes are left. A span takes about 150. */
const CAPACITY = 128 * 1024
const ROOM = 8 * 1024
const LONGEST_TEXT = 500

/**
 * An ExportTraceServiceRequest with one resource and one scope, written in place: spans that wait as objects cost the
 * garbage collector more than their encoding costs. The length before a message is a varint that is padded to three
 * bytes, so that it can be filled in afterwards.
 */
export class TraceRequest {
  readonly #bytes = Buffer.allocUnsafeSlow(CAPACITY)
  readonly #scope: number
  readonly #firstSpan: number
  #at = 0

  constructor(service: string) {
    this.#open(1)
    const resource = this.#open(1)
    this.#attribute(1, 'service.name', service)
    this.#close(resource)
    this.#scope = this.#open(2)
    const scope = this.#open(1)
    this.#text(1, 'lockstep')
    this.#close(scope)
    this.#firstSpan = this.#at
  }

  get empty(): boolean {
    return this.#at === this.#firstSpan
  }

  get full(): boolean {
    return this.#at > CAPACITY - ROOM
  }

  add({ traceId, spanId, parentSpanId, name, kind, attributes, startMs, endMs, error }: Span): void {
    const span = this.#open(2)
    this.#id(1, traceId)
    this.#id(2, spanId)
    if (parentSpanId !== undefined) this.#id(4, parentSpanId)
    this.#text(5, name)
    this.#varint(6, kinds[kind])
    this.#nanoseconds(7, startMs)
    this.#nanoseconds(8, endMs)
    for (const key in attributes) this.#attribute(9, key, attributes[key]!)
    if (error !== undefined) {
      const status = this.#open(15)
      this.#text(2, error)
      this.#varint(3, STATUS_CODE_ERROR)
      this.#close(status)
    }
    this.#close(span)
  }

  /** Valid until the next `add` or `clear`. */
  finish(): Buffer {
    this.#close(this.#scope)
    this.#close(1)
    return this.#bytes.subarray(0, this.#at)
  }

  clear(): void {
    this.#at = this.#firstSpan
  }

  #attribute(field: number, key: string, value: string | number): void {
    const keyValue = this.#open(field)
    this.#text(1, key)
    const any = this.#open(2)
    if (typeof value === 'string') this.#text(1, value)
    else this.#varint(3, value)
    this.#close(any)
    this.#close(keyValue)
  }

  #tag(field: number, wireType: number): void {
    this.#bytes[this.#at++] = (field << 3) | wireType
  }

  /** Begins a message; returns where its length is. */
  #open(field: number): number {
    this.#tag(field, LENGTH_DELIMITED)
    this.#at += 3
    return this.#at - 3
  }

  #close(start: number): void {
    const length = this.#at - start - 3
    this.#bytes[start] = (length & 127) | 128
    this.#bytes[start + 1] = ((length >> 7) & 127) | 128
    this.#bytes[start + 2] = length >> 14
  }

  #text(field: number, text: string): void {
    const start = this.#open(field)
    this.#at += this.#bytes.write(text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text, this.#at)
    this.#close(start)
  }

  #id(field: number, id: string): void {
    this.#tag(field, LENGTH_DELIMITED)
    this.#bytes[this.#at++] = id.length / 2
    this.#at += this.#bytes.write(id, this.#at, 'hex')
  }

  #varint(field: number, value: number): void {
    this.#tag(field, VARINT)
    let rest = value
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    this.#bytes[this.#at++] = rest
  }

  /** A double has only microseconds at this size. */
  #nanoseconds(field: number, ms: number): void {
    this.#tag(field, FIXED_64)
    this.#at = this.#bytes.writeBigUInt64LE(BigInt(Math.round(ms * 1_000)) * 1_000n, this.#at)
  }
}
