import { status } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  GetProductRequest,
  ProductQueriesService,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorCode } from '../errors/app-error.ts'
import { createLog } from '../log/log.ts'
import { serveGrpc, type GrpcServer } from './server.ts'
import { grpcServices, type GrpcCall } from './service.ts'
import { grpcStatus } from './status.ts'
import { framed, rawCall, rawSession } from './testing/raw-call.ts'

/** What grpc-js would accept, repair or answer by itself, on a real server. */
let server: GrpcServer
let session: ClientHttp2Session & AsyncDisposable
const handled: { id: string; call: GrpcCall }[] = []
let work = async () => {}

beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (admitted) => admitted() })
  const queries = grpcService(ProductQueriesService, {
    getProduct: async ({ id }, call) => {
      handled.push({ id, call })
      await work()
      return { product: undefined }
    },
    searchProducts: async () => ({ items: [], nextPageToken: '' }),
    countProducts: async () => ({ count: 0, exact: true }),
    listTopProducts: async () => ({ items: [], madeAt: undefined, ageMs: 0, document: 'made' }),
  })
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [queries],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
    stopWithinMs: 500,
  })
  session = rawSession(`http://127.0.0.1:${server.port}`)
})
afterAll(async () => {
  await session[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const path: string = ProductQueriesService.getProduct.path
const request = GetProductRequest.encode({ id: 'x' }).finish()
const compressed = (bytes: Uint8Array) => framed(bytes, { flag: 1 })

async function send(headers: OutgoingHttpHeaders = {}, body = framed(request), method = path) {
  handled.length = 0
  work = async () => {}
  return rawCall(session, method, body, headers)
}

type Row = [what: string, code: string, headers: OutgoingHttpHeaders, body?: Buffer, method?: string]

const gzip = { 'grpc-encoding': 'gzip' }
const manyNames = Array.from({ length: 1_500 }, (_, n) => `a${n}`)
const noMessage = framed(Buffer.from([0x0a, 0xff]))
const healthCheck = '/grpc.health.v1.Health/Check'

test.each<Row>([
  ['no timeout', 'malformed', { 'grpc-timeout': 'abc' }],
  ['a negative timeout', 'malformed', { 'grpc-timeout': '-1S' }],
  ['a timeout of nine digits', 'malformed', { 'grpc-timeout': '123456789m' }],
  ['a timeout with more behind it', 'malformed', { 'grpc-timeout': '1S1S' }],
  ['two timeouts', 'invalid', { 'grpc-timeout': ['1S', '2S'] }],
  ['two idempotency keys', 'invalid', { 'idempotency-key': ['k', 'k'] }],
  ['two trace parents', 'invalid', { traceparent: ['a', 'b'] }],
  ['a key that grpc-js drops', 'invalid', { 'idempotency-key': 'é' }],
  ['an unknown method', 'method_not_allowed', {}, framed(request), '/a.B/C'],
  ['a long path', 'method_not_allowed', {}, framed(request), `/${'é%0a'.repeat(3_000)}`],
  ['no message', 'malformed', {}, Buffer.alloc(0)],
  ['half a message', 'malformed', {}, framed(request).subarray(0, 6)],
  ['two messages', 'malformed', {}, Buffer.concat([framed(request), framed(request)])],
  ['a message over 256 KiB', 'too_large', {}, framed(Buffer.alloc(262_145))],
  ['256 KiB that are compressed', 'too_large', gzip, compressed(gzipSync(Buffer.alloc(1_000_000)))],
  ['a message that is no gzip', 'malformed', gzip, compressed(request)],
  ['half of a gzip', 'malformed', gzip, compressed(gzipSync(request).subarray(0, -9))],
  [
    'a compression that is unknown',
    'unsupported_media_type',
    { 'grpc-encoding': 'x'.repeat(9_000) },
    compressed(request),
  ],
  ['a call with many headers', 'headers_too_large', Object.fromEntries(manyNames.map((name) => [name, 'x']))],
  ['bytes that are no message', 'malformed', {}, noMessage],
  ['a string that is not UTF-8', 'malformed', {}, framed(Buffer.from('0a0361ff62', 'hex'))],
  ['bytes that are no message of the health service', 'malformed', {}, noMessage, healthCheck],
  ['the health of an unknown service', 'not_found', {}, framed(Buffer.from([0x0a, 1, 0x78])), healthCheck],
])('%s is %s, with the status of our table', async (_, code, headers, body, method) => {
  const response = await send({ 'x-request-id': 'mine', ...headers }, body, method)
  const expected = grpcStatus[code as ErrorCode]
  expect([response.code, response.status, response.httpStatus]).toEqual([code, expected, 200])
  expect(response.headers['x-request-id']).toBe('mine')
  expect(handled).toEqual([])
  expect(JSON.stringify(response.headers).length).toBeLessThan(2_000)
})

test('a request id that is sent twice is refused with a new one', async () => {
  const response = await send({ 'x-request-id': ['a', 'b'] })
  expect(response.code).toBe('invalid')
  expect(response.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/)
})

test.each([
  ['text/plain', 415],
  ['application/grpc+json', 415],
  ['application/grpcx', 415],
])('a call with the content type %s is no call: HTTP status %s', async (type, httpStatus) => {
  const response = await send({ 'content-type': type })
  expect(response).toMatchObject({ httpStatus, code: 'unsupported_media_type' })
})

test('a request that is not a POST is no call', async () => {
  const response = await send({ ':method': 'PUT' })
  expect(response).toMatchObject({ httpStatus: 405, code: 'method_not_allowed' })
})

test.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=x'])(
  'messages may be sent as %s',
  async (type) => {
    expect((await send({ 'content-type': type })).status).toBe(status.OK)
  },
)

test('a compressed message is accepted', async () => {
  const response = await send({ 'grpc-encoding': 'gzip' }, compressed(gzipSync(request)))
  expect([response.status, handled[0]?.id]).toEqual([status.OK, 'x'])
})

test.each(['597H', '720H', '99999999H', '99999999M', '99999999S'])(
  'a deadline in %s does not fail at once: a timer of that length would overflow',
  async (timeout) => {
    const before = Date.now()
    const { status: ended } = await send({ 'grpc-timeout': timeout })
    expect(ended).toBe(status.OK)
    expect(handled[0]!.call.deadline - before).toBeGreaterThan(24 * 24 * 3_600_000)
  },
)

test('the metadata reach the handler', async () => {
  await send({ 'idempotency-key': 'a, b', 'x-request-id': 'mine' })
  const { call } = handled[0]!
  expect([call.metadata('idempotency-key'), call.requestId, call.metadata('none')]).toEqual([
    'a, b',
    'mine',
    undefined,
  ])
})

test('after the deadline the handler answers: only it knows whether a command was applied', async () => {
  handled.length = 0
  const { promise: go, resolve } = Promise.withResolvers<void>()
  work = () => go
  const response = rawCall(session, path, framed(request), { 'grpc-timeout': '20m' })
  await expect.poll(() => Date.now() > (handled[0]?.call.deadline ?? Infinity) + 20).toBe(true)
  resolve()
  expect((await response).status).toBe(status.OK)
})

test('a call whose message does not arrive ends at its deadline', async () => {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    'grpc-timeout': '20m',
  })
  const headers = await new Promise((resolve) => stream.on('response', resolve))
  expect(headers).toMatchObject({ 'grpc-status': '4', 'x-error-code': 'deadline_exceeded' })
  stream.close()
})
