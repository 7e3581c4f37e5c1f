import { connect } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { rawHttp, type RawHttp, type RawRequest, type RawResponse } from '../../clients/raw-http.ts'
import { readable } from '../../clients/readable.ts'
import { portsOf, type Service } from '../../system/services.ts'
import { test } from '../../system/stack-test.ts'
import { changesOf, requestOf, validShapes } from './http-shapes.ts'

/**
 * No request over HTTP gets a 5xx, every error is a problem document, and a request that cannot be honoured exactly is
 * refused. `FUZZ_CASES=50000` sends more requests than CI does; about 500 take a second.
 */
const cases = Number(process.env['FUZZ_CASES'] ?? 1_000)
const timeout = 300_000 + cases * 20

/** Each has a connection. A command waits for the disk, and those of several connections wait together. */
const LANES = 8

/** Checks the property with a share of the cases. */
async function assertInLanes<T extends [unknown, ...unknown[]]>(
  share: number,
  service: Service,
  property: (client: RawHttp) => fc.IAsyncProperty<T>,
): Promise<void> {
  const seed = fc.readConfigureGlobal().seed ?? 0
  const lane = async (_: unknown, n: number) => {
    using client = rawHttp(portsOf(service).http)
    await fc.assert(property(client), {
      numRuns: Math.ceil((cases * share) / LANES),
      // The same cases in every run, but others in every lane.
      seed: seed * LANES + n,
    })
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

const wildText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\u0000', '\ud800', '🫖'.repeat(130), 'a'.repeat(5_001), 'no slug', 'tea'),
)
const wildNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e21, 99_999_999_999, 1e11, -1))
const wildValue = fc.oneof(wildText, wildNumber, fc.jsonValue({ maxDepth: 2 }))
const wildInput = fc.dictionary(
  fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('id', 'name', 'description', 'category', 'priceCents') },
    { weight: 4, arbitrary: fc.constantFrom('quantity', 'reservationId', 'onHand') },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'x') },
  ),
  wildValue,
  { maxKeys: 6 },
)
const bodies: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 5, arbitrary: wildInput.map((input) => JSON.stringify(input)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.json().map((text) => text.slice(0, -1)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
)
const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 20 })
const wildHeaders = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 6, arbitrary: fc.constant('application/json') },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          'application/merge-patch+json',
          'text/plain',
          'application/json; charset=x',
        ),
      },
      { weight: 1, arbitrary: headerText },
    ),
    'if-match': fc.oneof(fc.constantFrom('*', '"1"', '"0"', 'W/"1"', '"1", "2"'), headerText),
    'idempotency-key': headerText,
    'x-request-id': headerText,
    traceparent: fc.oneof(headerText, fc.constant('00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff')),
    'if-none-match': headerText,
  },
  { requiredKeys: ['content-type'] },
)
const segments = fc.oneof(
  fc.uuid(),
  wildText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%', '%E0%A4%A', '%FF', '..', '%2e%2e', '%00', '//', '[a]', '|', 'a#b'),
)
const queries = fc.dictionary(
  fc.oneof(
    fc.constantFrom('minVersion', 'search', 'category', 'maxAvailable', 'pageSize', 'pageToken'),
    headerText,
  ),
  fc.oneof(wildText, wildNumber.map(String), fc.constantFrom('.*', '(', '[a', '\\', '$where')),
  { maxKeys: 4 },
)
const targets = fc.oneof(
  fc.constant('/api/v1/products'),
  segments.map((segment) => `/api/v1/products/${segment}`),
  fc
    .tuple(segments, fc.constantFrom('', '/receipts', '/reservations', '/count'))
    .map(([segment, rest]) => `/api/v1/stock/${segment}${rest}`),
  fc
    .tuple(segments, segments, fc.constantFrom('', '/shipment'))
    .map(([segment, reservation, rest]) => `/api/v1/stock/${segment}/reservations/${reservation}${rest}`),
  segments.map((segment) => `/${segment}`),
)
const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'BREW')

/** Without a valid minVersion, which would wait for its version. */
const withoutWait = (pairs: Record<string, string>) =>
  Object.entries(pairs).filter(([name, value]) => name !== 'minVersion' || !/^\s*\d+/.test(value))

/** What is true of every response. The limit of its size leaves room for what an error repeats of its request. */
function expectFair(response: RawResponse | undefined, method: string): asserts response is RawResponse {
  if (response === undefined) throw new Error('the connection was closed without a response')
  const { status, headers, text } = response
  if (status >= 500) throw new Error(`${status} ${text}`)
  expect(headers.get('cache-control')).toMatch(/^(no-store|no-cache|public, max-age=3600)$/)
  expect(headers.get('x-request-id')).toMatch(/^[!-~]{1,255}$/)
  if (status < 400 || method === 'HEAD') return
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(text.length).toBeLessThan(16_384)
  const problem = JSON.parse(text) as Record<string, unknown>
  expect(problem).toMatchObject({ status, requestId: headers.get('x-request-id') })
  expect(problem['instance']).toMatch(/^(\/(?!\/)([\w.~!$&'()*+,;=:@/-]|%[\da-fA-F]{2})*)?$/)
}

const wildRequest = (
  target: string,
  method: string,
  head: object,
  body?: string | Uint8Array,
): RawRequest => ({
  method,
  target,
  headers: [['Host', 'shop.example'], ...(Object.entries(head) as [string, string][])],
  ...(body !== undefined && { body: Buffer.from(body) }),
})

test('no request of any kind gets a 5xx from the writer', { timeout }, ({ stack }) =>
  assertInLanes(0.3, stack.writers[0], (client) =>
    fc.asyncProperty(methods, targets, wildHeaders, bodies, async (method, target, head, body) => {
      expectFair(await client.send(wildRequest(target, method, head, body)), method)
    }),
  ),
)

test('no query of any kind gets a 5xx from the reader', { timeout }, ({ stack }) =>
  assertInLanes(0.3, stack.reader, (client) =>
    fc.asyncProperty(methods, targets, wildHeaders, queries, async (method, target, head, pairs) => {
      const search = new URLSearchParams()
      for (const [name, value] of withoutWait(pairs)) search.append(name.toWellFormed(), value.toWellFormed())
      expectFair(await client.send(wildRequest(`${target}?${search.toString()}`, method, head)), method)
    }),
  ),
)

test.for(['writer', 'reader'] as const)(
  'of the changes to valid requests to the %s, the harmless ones are, and the others are refused',
  { timeout },
  async (name, { stack }) => {
    const { writers, reader } = stack
    const { http } = writers[0]
    const created = await http.send('POST', '/api/v1/products', { json: { name: 'Teapot', priceCents: 1 } })
    const { id } = created.json as { id: string }
    await http.send('POST', `/api/v1/stock/${id}/receipts`, { json: { quantity: 1 } })
    await readable(reader, id, 1)
    const changed = fc
      .constantFrom(...validShapes(id).filter(({ service }) => service === name))
      .chain((shape) => fc.tuple(fc.constant(shape), changesOf(shape)))
    await assertInLanes(0.15, name === 'writer' ? writers[0] : reader, (client) =>
      fc.asyncProperty(changed, async ([shape, changes]) => {
        const request = requestOf(changes.reduce((current, { apply }) => apply(current), shape))
        const response = await client.send(request)
        expectFair(response, request.method)
        const refused = changes.some((change) => change.refused)
        const seen = `${changes.map((change) => change.name).join('; ')}: ${response.status} ${response.text}`
        expect(refused ? [4] : [2, 3], seen).toContain(Math.floor(response.status / 100))
        const [, requestId] = request.headers.find(([header]) => header === 'X-Request-Id') ?? []
        if (!refused && requestId) expect(response.headers.get('x-request-id')).toBe(requestId)
      }),
    )
  },
)

test(
  'bytes that are not HTTP get a 400 or a closed connection, and the service continues',
  { timeout },
  async ({ stack }) => {
    const { http } = stack.writers[0]
    const { http: port } = portsOf(stack.writers[0])
    const property = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      const response = await new Promise<string>((resolve) => {
        let text = ''
        const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
        socket.on('data', (chunk) => (text += chunk.toString()))
        socket.on('error', () => {}).on('close', () => resolve(text))
      })
      expect(response).toMatch(/^$|^HTTP\/1\.1 4\d\d [^]*application\/problem\+json/)
    })
    await fc.assert(property, { numRuns: Math.ceil(cases * 0.1) })
    expect((await http.send('GET', '/openapi.json')).status).toBe(200)
  },
)
