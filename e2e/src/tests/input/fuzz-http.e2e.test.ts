import { connect } from 'node:net'
import fc from 'fast-check'
import { expect } from 'vitest'
import { problemOf, type HttpResponse, type HttpClient, type HttpRequest } from '../../clients/http-client.ts'
import { test } from '../../system/stack-test.ts'

/** No request over HTTP gets a 5xx, and every error is a problem document. */
const runs = { numRuns: 1_000 }

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
const body: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 5, arbitrary: wildInput.map((input) => JSON.stringify(input)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.json().map((text) => text.slice(0, -1)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
)
const headerText = fc.string({ unit: 'grapheme-ascii', maxLength: 20 })
const headers = fc.record(
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
const id = fc.oneof(
  fc.uuid(),
  wildText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom('%', '%E0%A4%A', '..', '%2e%2e', '%00', '//'),
)
const query = fc.dictionary(
  fc.oneof(
    fc.constantFrom('minVersion', 'search', 'category', 'maxAvailable', 'pageSize', 'pageToken'),
    headerText,
  ),
  fc.oneof(wildText, wildNumber.map(String), fc.constantFrom('.*', '(', '[a', '\\', '$where')),
  { maxKeys: 4 },
)
const target = fc.oneof(
  fc.constant('/api/v1/products'),
  id.map((segment) => `/api/v1/products/${segment}`),
  fc
    .tuple(id, fc.constantFrom('', '/receipts', '/reservations', '/count'))
    .map(([segment, rest]) => `/api/v1/stock/${segment}${rest}`),
  fc
    .tuple(id, id, fc.constantFrom('', '/shipment'))
    .map(([segment, reservation, rest]) => `/api/v1/stock/${segment}/reservations/${reservation}${rest}`),
  id.map((segment) => `/${segment}`),
)
const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'BREW')

/** Without a valid minVersion, which would wait for its version. */
const withoutWait = (pairs: Record<string, string>) =>
  Object.entries(pairs).filter(([name, value]) => name !== 'minVersion' || !/^\s*\d+/.test(value))

function expectFair(response: HttpResponse, how: string): void {
  if (response.status >= 500) throw new Error(`${response.status} ${response.text}`)
  if (response.status >= 400 && how !== 'HEAD') expect(problemOf(response).status).toBe(response.status)
}

/** Sends the request, unless the client itself refuses a header or the URL. */
async function send(http: HttpClient, how: string, path: string, request: HttpRequest) {
  const sendable = (() => {
    try {
      return new Request(http.url + path, { method: how, headers: request.headers })
    } catch {
      return undefined
    }
  })()
  if (sendable) expectFair(await http.send(how, path, request), how)
}

test('no request of any kind gets a 5xx from the writer', async ({ stack }) => {
  const { http } = stack.writers[0]
  const property = fc.asyncProperty(method, target, headers, body, async (how, path, head, bytes) => {
    const bodyless = how === 'GET' || how === 'HEAD'
    await send(http, how, path, {
      headers: head,
      ...(!bodyless && { body: bytes }),
    })
  })
  await fc.assert(property, runs)
})

test('no query of any kind gets a 5xx from the reader', async ({ stack }) => {
  const { http } = stack.reader
  const property = fc.asyncProperty(method, target, headers, query, async (how, path, head, pairs) => {
    const search = new URLSearchParams()
    for (const [name, value] of withoutWait(pairs)) search.append(name.toWellFormed(), value.toWellFormed())
    await send(http, how, `${path}?${search.toString()}`, { headers: head })
  })
  await fc.assert(property, runs)
})

test('bytes that are not HTTP get a 400 or a closed connection, and the service continues', async ({
  stack,
}) => {
  const { http } = stack.writers[0]
  const port = Number(new URL(http.url).port)
  const property = fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
    const response = await new Promise<string>((resolve) => {
      let text = ''
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('error', () => {}).on('close', () => resolve(text))
    })
    expect(response).toMatch(/^$|^HTTP\/1\.1 4\d\d /)
  })
  await fc.assert(property, { numRuns: 500 })
  expect((await http.send('GET', '/openapi.json')).status).toBe(200)
})
