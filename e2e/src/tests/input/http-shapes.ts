import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { RawRequest } from '../../clients/raw-http.ts'

/**
 * Requests for the fuzzer: a valid one, with changes of which each is either harmless or must be refused. So the fuzzer
 * knows the right kind of response to every request.
 */

export type Shape = {
  service: 'writer' | 'reader'
  request: RawRequest
  /** The fields of the JSON body, as text, in their order; undefined without a body. */
  fields: readonly (readonly [key: string, value: string])[] | undefined
  evaluates: readonly string[]
}

export type Change = { name: string; refused: boolean; apply: (shape: Shape) => Shape }

const json: [string, string] = ['Content-Type', 'application/json']
const priced = [
  ['name', '"Teapot: blue"'],
  ['priceCents', '1'],
] as const

const command = (
  method: string,
  target: string,
  fields: Shape['fields'],
  evaluates = ['if-match'],
): Shape => ({
  service: 'writer',
  request: { method, target, headers: [json] },
  fields,
  evaluates,
})
const query = (target: string, evaluates: readonly string[] = []): Shape => ({
  service: 'reader',
  request: { method: 'GET', target, headers: [] },
  fields: undefined,
  evaluates,
})

/** Valid requests; the product exists, and the reader has it. */
export const validShapes = (id: string): Shape[] => [
  command('POST', '/api/v1/products', priced, []),
  command('PUT', `/api/v1/products/${id}`, priced),
  command('PATCH', `/api/v1/products/${id}`, [['priceCents', '2']]),
  command('POST', `/api/v1/stock/${id}/receipts`, [['quantity', '1']]),
  query(`/api/v1/products/${id}`, ['if-match', 'if-none-match']),
  query('/api/v1/products?search=tea%20p%C3%B6t&pageSize=1'),
  query('/api/v1/stock?maxAvailable=5&pageSize=2'),
]

const header = (shape: Shape, ...lines: (readonly [string, string])[]): Shape => ({
  ...shape,
  request: { ...shape.request, headers: [...shape.request.headers, ...lines] },
})
const withoutHeader = (shape: Shape, name: string): Shape => ({
  ...shape,
  request: { ...shape.request, headers: shape.request.headers.filter(([each]) => each !== name) },
})
const target = (shape: Shape, suffix: string): Shape => ({
  ...shape,
  request: {
    ...shape.request,
    target: `${shape.request.target}${shape.request.target.includes('?') ? '&' : '?'}${suffix}`,
  },
})
const ofBody = (
  shape: Shape,
  change: (fields: NonNullable<Shape['fields']>) => NonNullable<Shape['fields']>,
) => ({
  ...shape,
  fields: shape.fields && change(shape.fields),
})

const token = fc.stringMatching(/^[a-z0-9-]{1,12}$/)

const repeatedHeader = fc
  .tuple(
    fc.constantFrom('Idempotency-Key', 'X-Request-Id', 'traceparent', 'Content-Type', 'Host'),
    token,
    token,
  )
  .map(([name, a, b]): Change => ({
    name: `${name} twice`,
    refused: true,
    apply: (shape) => header(shape, [name, a], [name.toLowerCase(), b]),
  }))

const encoding = fc
  .constantFrom('gzip', 'br', 'deflate', 'zstd', 'identity, gzip', 'GZIP')
  .map((coding): Change => ({
    name: `Content-Encoding: ${coding}`,
    refused: true,
    apply: (shape) => header(shape, ['Content-Encoding', coding]),
  }))

const date = 'Sat, 14 Mar 2026 09:26:53 GMT'
const precondition = fc
  .constantFrom(
    ['If-Modified-Since', date],
    ['If-Unmodified-Since', date],
    ['If-Range', '"1"'],
    ['If-Match', '1'],
    ['If-Match', 'W/"1'],
    ['If-None-Match', '"1" 2'],
    ['If-None-Match', ''],
  )
  .map(([name, value]): Change => ({
    name: `${name}: ${value}`,
    refused: true,
    apply: (shape) => header(shape, [name, value]),
  }))

const badTarget = fc
  .constantFrom(
    'search=%FF',
    'search=%C3',
    '%E0%A4=1',
    'pageSize=%ED%A0%80',
    'x=%',
    'x=%zz',
    'search=\u00ff\u00fe',
    'x=\u00e9',
  )
  .map((suffix): Change => ({ name: suffix, refused: true, apply: (shape) => target(shape, suffix) }))

const number = fc.oneof(
  fc.constantFrom(
    '0.9999999999999999999',
    '9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '1.00000000000000000001',
  ),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 60n }).map((large) => String(large * 2n + 1n)),
)
const changedNumber = number.map((text): Change => ({
  name: `the number ${text}`,
  refused: true,
  apply: (shape) =>
    ofBody(shape, (fields) => fields.map(([key, value]) => [key, /^\d+ *$/.test(value) ? text : value])),
}))

const duplicateKey = fc.tuple(fc.nat(), fc.boolean(), fc.boolean()).map(([at, escaped, same]): Change => ({
  name: `a key twice, ${escaped ? 'escaped' : 'as it is'}`,
  refused: true,
  apply: (shape) =>
    ofBody(shape, (fields) => {
      const [key, value] = fields[at % fields.length]!
      const spelt = escaped ? key.replace(/^./, (first) => `\\u00${first.charCodeAt(0).toString(16)}`) : key
      return [...fields, [spelt, same ? value : '7']]
    }),
}))

const badMediaType = fc
  .constantFrom(
    'application/json; charset=latin1',
    'text/plain',
    'application/json, text/plain',
    'application/jsonx',
    '',
  )
  .map((type): Change => ({
    name: `Content-Type: ${type}`,
    refused: true,
    apply: (shape) => header(withoutHeader(shape, 'Content-Type'), ['Content-Type', type]),
  }))

const longEcho = fc
  .tuple(
    fc.constantFrom('x', '\u00e9', '🫖', '"', '\u202e'),
    fc.integer({ min: 1, max: 12_000 }),
    fc.integer({ min: 1, max: 300 }),
  )
  .map(([unit, length, count]): Change => ({
    name: `${count} unknown keys, the first with ${length} characters`,
    refused: true,
    apply: (shape) =>
      ofBody(shape, (fields) => [
        ...fields,
        ...Array.from(
          { length: count },
          (_, n) =>
            [JSON.stringify(`${n}${n === 0 ? unit.repeat(length) : unit}`).slice(1, -1), '1'] as const,
        ),
      ]),
  }))

const harmless = fc
  .constantFrom<[string, (shape: Shape) => Shape]>(
    ['a parameter of the media type', (shape) => mediaType(shape, '; q=1; charset="UTF-8";')],
    ['a semicolon', (shape) => mediaType(shape, ';')],
    ['HTTP/1.0', (shape) => ({ ...shape, request: { ...shape.request, version: '1.0' } })],
    ['Content-Encoding: identity', (shape) => header(shape, ['Content-Encoding', 'identity'])],
    [
      'lists on two lines',
      (shape) => header(shape, ['Accept', 'a/b'], ['Accept', 'c/d'], ['tracestate', 'a=1']),
    ],
    ['Connection: close', (shape) => header(shape, ['Connection', 'close'])],
    ['an offer to upgrade', (shape) => header(shape, ['Connection', 'upgrade'], ['Upgrade', 'h2c'])],
    [
      'If-Match: *',
      // On two lines it would be a list, which has another meaning.
      (shape) =>
        shape.evaluates.includes('if-match')
          ? header(withoutHeader(shape, 'If-Match'), ['If-Match', '*'])
          : shape,
    ],
    [
      'a space at the end',
      (shape) => ofBody(shape, (fields) => fields.map(([key, value]) => [key, `${value} `])),
    ],
  )
  .map(([name, apply]): Change => ({ name, refused: false, apply }))

function mediaType(shape: Shape, rest: string): Shape {
  if (!shape.fields) return shape
  return header(withoutHeader(shape, 'Content-Type'), ['Content-Type', `application/json${rest}`])
}

const requestId = fc.stringMatching(/^[!-~]{1,255}$/).map((id): Change => ({
  name: `X-Request-Id: ${id}`,
  refused: false,
  apply: (shape) => header(shape, ['X-Request-Id', id]),
}))

const ofBodies = [changedNumber, duplicateKey, badMediaType, longEcho]
const ofAll = [repeatedHeader, encoding, precondition, badTarget, requestId, harmless]

/** One to three changes of a valid shape; only the last may be one that must be refused, so that none hides another. */
export const changesOf = (shape: Shape): fc.Arbitrary<readonly Change[]> =>
  fc
    .tuple(fc.array(harmless, { maxLength: 2 }), fc.oneof(...ofAll, ...(shape.fields ? ofBodies : [])))
    .map(([first, last]) => [...first, last])

/** The bytes of the body, which a change may have labelled with an encoding that it then has, or not. */
export function requestOf({ request, fields }: Shape): RawRequest {
  const host = request.version === '1.0' || request.headers.some(([name]) => /^host$/i.test(name))
  const headers = host ? request.headers : ([['Host', 'shop.example'], ...request.headers] as const)
  const sent = { ...request, headers }
  if (!fields) return sent
  const text = Buffer.from(`{${fields.map(([key, value]) => `"${key}": ${value}`).join(',')}}`)
  const zipped = request.headers.some(([name, value]) => name === 'Content-Encoding' && value === 'gzip')
  return { ...sent, body: zipped ? gzipSync(text) : text }
}
