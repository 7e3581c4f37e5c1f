import type { OutgoingHttpHeaders } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import { framed } from '@lockstep/core/grpc/testing/raw-call.ts'
import fc from 'fast-check'
import type { FuzzMessage } from './grpc-messages.ts'

/** Calls as their bytes on the wire: metadata, deadlines, compression and framing that no client library would send. */
export type FuzzCall = {
  path: string
  headers: OutgoingHttpHeaders
  body: Buffer
  /** The code that the response must have; undefined: success, or any error of the caller. */
  code?: string
  decodes?: boolean
}

/** What one shape changes of a call that is otherwise in order. */
type Shape = (message: FuzzMessage) => Partial<FuzzCall>

const shape = <T>(values: fc.Arbitrary<T>, of: (value: T, message: FuzzMessage) => Partial<FuzzCall>) =>
  values.map(
    (value): Shape =>
      (message) =>
        of(value, message),
  )

const digits = fc.nat(99_999_999).map(String)
const deadlines = fc.oneof(
  fc.constantFrom('720H', '597H', '99999999H', '99999999M', '99999999S', '0n', '1u', '1m', '20m', '5S'),
  fc.tuple(digits, fc.constantFrom('H', 'M', 'S')).map((parts) => parts.join('')),
)
const noDeadlines = fc.oneof(
  fc.constantFrom('abc', '', '-1S', '1', 'S', '1 S', '123456789S', '1S1S', '1.5S', '1s', '0x1S', '1S, 2S'),
  fc.string({ unit: 'grapheme-ascii', maxLength: 10 }).filter((value) => !/^\d{1,8}[HMSmun]$/.test(value)),
  fc.constant('9'.repeat(9_000)),
)
const once = ['idempotency-key', 'grpc-timeout', 'grpc-encoding', 'traceparent', 'x-request-id']
const value = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }),
  fc.constantFrom('', 'k, k', 'x'.repeat(300), '00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff'),
)
/** Without the values that Node's client refuses to send. */
const sendable = (text: string) => text.replaceAll(/[^ -~]/g, '').trim()

const gzip = { 'grpc-encoding': 'gzip' }
const flagged = (bytes: Uint8Array) => framed(bytes, { flag: 1 })

const shapes: fc.Arbitrary<Shape> = fc.oneof(
  { weight: 10, arbitrary: fc.constant<Shape>(() => ({})) },
  {
    weight: 2,
    arbitrary: shape(deadlines, (timeout, { code }) => ({
      headers: { 'grpc-timeout': timeout },
      // A short one passes before the message is decoded.
      ...(code !== undefined && /^(0n|1u|1m)$|^0+[HMS]$/.test(timeout) && { code: undefined }),
    })),
  },
  {
    weight: 2,
    arbitrary: shape(noDeadlines, (timeout) => ({
      headers: { 'grpc-timeout': sendable(timeout) },
      code: 'malformed',
    })),
  },
  {
    weight: 2,
    arbitrary: shape(fc.tuple(fc.constantFrom(...once), value, value), ([name, ...values]) => ({
      headers: { [name]: values.map(sendable) },
      code: 'invalid',
    })),
  },
  {
    weight: 2,
    arbitrary: shape(fc.tuple(fc.constantFrom('idempotency-key', 'x-request-id'), value), ([name, text]) => ({
      headers: { [name]: sendable(text) },
    })),
  },
  {
    weight: 1,
    arbitrary: shape(fc.constantFrom('é', 'k\u00a0', 'ÿ'), (text) => ({
      headers: { 'idempotency-key': text },
      code: 'invalid',
    })),
  },
  {
    weight: 1,
    arbitrary: shape(fc.constantFrom('!!', '', 'AA==,?'), (text) => ({ headers: { 'trace-bin': text } })),
  },
  {
    weight: 1,
    arbitrary: shape(fc.integer({ min: 125, max: 2_000 }), (count) => ({
      headers: Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, 'x'])),
      code: 'headers_too_large',
    })),
  },
  {
    weight: 3,
    arbitrary: shape(fc.constantFrom('gzip', 'deflate'), (name, { bytes }) => ({
      headers: { 'grpc-encoding': name },
      body: flagged(name === 'gzip' ? gzipSync(bytes) : deflateSync(bytes)),
    })),
  },
  {
    weight: 2,
    arbitrary: shape(fc.integer({ min: 1, max: 15 }), (cut, { bytes }) => ({
      headers: gzip,
      body: flagged(gzipSync(bytes).subarray(0, -cut)),
      code: 'malformed',
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Shape>(() => ({
      headers: gzip,
      body: flagged(gzipSync(Buffer.alloc(300_000))),
      code: 'too_large',
    })),
  },
  {
    weight: 1,
    arbitrary: shape(fc.constantFrom('br', 'GZIP', 'x'.repeat(5_000), 'gzip2'), (name, { bytes }) => ({
      headers: { 'grpc-encoding': name },
      body: flagged(bytes),
      code: 'unsupported_media_type',
    })),
  },
  {
    weight: 2,
    arbitrary: shape(fc.constantFrom('none', 'half', 'two', 'long'), (kind, { bytes }) => {
      const body = framed(bytes)
      if (kind === 'long') return { body: framed(Buffer.alloc(262_145)), code: 'too_large' }
      if (kind === 'none') return { body: Buffer.alloc(0), code: 'malformed' }
      const cut =
        kind === 'half' ? framed(Buffer.concat([bytes, Buffer.from([0])])).subarray(0, -1) : undefined
      return { body: cut ?? Buffer.concat([body, body]), code: 'malformed' }
    }),
  },
  {
    weight: 1,
    arbitrary: shape(
      fc.constantFrom('text/plain', 'application/grpc+json', 'application/grpcx', ''),
      (type) => ({
        headers: { 'content-type': type },
        code: 'unsupported_media_type',
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: shape(fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS'), (method) => ({
      headers: { ':method': method },
      body: Buffer.alloc(0),
      code: 'method_not_allowed',
    })),
  },
  {
    weight: 1,
    arbitrary: shape(fc.constantFrom('', '/x', 'X', '/../', `/${'é'.repeat(4_000)}`), (rest, { path }) => ({
      path: `${path}${rest}x`,
      code: 'method_not_allowed',
    })),
  },
)

export const callOf = (messages: fc.Arbitrary<FuzzMessage>): fc.Arbitrary<FuzzCall> =>
  fc.tuple(messages, shapes).map(([message, change]) => {
    const { path, bytes, code, decodes = false } = message
    return {
      path,
      decodes,
      headers: {},
      body: framed(bytes),
      ...(code !== undefined && { code }),
      ...change(message),
    }
  })
