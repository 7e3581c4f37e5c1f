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
import { createLog } from '../log/log.ts'
import { serveGrpc, type GrpcServer } from './server.ts'
import { grpcServices, type GrpcCall } from './service.ts'
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

const { path } = ProductQueriesService.getProduct
const request = GetProductRequest.encode({ id: 'x' }).finish()
const compressed = (bytes: Uint8Array) => framed(bytes, { flag: 1 })

async function send(headers: OutgoingHttpHeaders = {}, body = framed(request), method = path) {
  handled.length = 0
  work = async () => {}
  return rawCall(session, method, body, headers)
}

test.each<[what: string, code: string, expected: status, ...Parameters<typeof send>]>([
  ['no timeout', 'malformed', status.INVALID_ARGUMENT, { 'grpc-timeout': 'abc' }],
  ['a negative timeout', 'malformed', status.INVALID_ARGUMENT, { 'grpc-timeout': '-1S' }],
  ['a timeout of nine digits', 'malformed', status.INVALID_ARGUMENT, { 'grpc-timeout': '123456789m' }],
  ['a timeout with more after it', 'malformed', status.INVALID_ARGUMENT, { 'grpc-timeout': '1S1S' }],
  ['two timeouts', 'invalid', status.INVALID_ARGUMENT, { 'grpc-timeout': ['1S', '2S'] }],
  ['two idempotency keys', 'invalid', status.INVALID_ARGUMENT, { 'idempotency-key': ['k', 'k'] }],
  ['two request ids', 'invalid', status.INVALID_ARGUMENT, { 'x-request-id': ['a', 'b'] }],
  ['two trace parents', 'invalid', status.INVALID_ARGUMENT, { traceparent: ['a', 'b'] }],
  ['a key that grpc-js drops', 'invalid', status.INVALID_ARGUMENT, { 'idempotency-key': 'é' }],
  ['an unknown method', 'method_not_allowed', status.UNIMPLEMENTED, {}, framed(request), '/a.B/C'],
  ['a long path', 'method_not_allowed', status.UNIMPLEMENTED, {}, framed(request), `/${'é%0a'.repeat(8_000)}`],
  ['no message', 'malformed', status.INVALID_ARGUMENT, {}, Buffer.alloc(0)],
  ['half a message', 'malformed', status.INVALID_ARGUMENT, {}, framed(request).subarray(0, 6)],
  ['two messages', 'malformed', status.INVALID_ARGUMENT, {}, Buffer.concat([framed(request), framed(request)])],
  ['a message over 256 KiB', 'too_large', status.INVALID_ARGUMENT, {}, framed(Buffer.alloc(262_145))],
  [
    'a message that is larger than 256 KiB once it is decompressed',
    'too_large',
    status.INVALID_ARGUMENT,
    { 'grpc-encoding': 'gzip' },
    compressed(gzipSync(Buffer.alloc(1_000_000))),
  ],
  ['no gzip', 'malformed', status.INVALID_ARGUMENT, { 'grpc-encoding': 'gzip' }, compressed(request)],
  [
    'half of a gzip',
    'malformed',
    status.INVALID_ARGUMENT,
    { 'grpc-encoding': 'gzip' },
    compressed(gzipSync(request).subarray(0, -9)),
  ],
  [
    'an unknown compression',
    'unsupported_media_type',
    status.UNIMPLEMENTED,
    { 'grpc-encoding': 'x'.repeat(20_000) },
    compressed(request),
  ],
  ['bytes that are no message', 'malformed', status.INVALID_ARGUMENT, {}, framed(Buffer.from([0x0a, 0xff]))],
  ['a string that is not UTF-8', 'malformed', status.INVALID_ARGUMENT, {}, framed(Buffer.from('0a0361ff62', 'hex'))],
  [
    'bytes that are no message, for the health service',
    'malformed',
    status.INVALID_ARGUMENT,
    {},
    framed(Buffer.from([0x0a, 0xff])),
    '/grpc.health.v1.Health/Check',
  ],
  [
    'a service without health',
    'not_found',
    status.NOT_FOUND,
    {},
    framed(Buffer.from([0x0a, 1, 0x78])),
    '/grpc.health.v1.Health/Check',
  ],
])('%s is %s, and never INTERNAL', async (_, code, expected, headers, ...rest) => {
  const response = await send({ 'x-request-id': 'mine', ...headers }, ...rest)
  expect([response.code, response.status, response.httpStatus]).toEqual([code, expected, 200])
  expect(response.headers['x-request-id']).toMatch(Array.isArray(headers?.['x-request-id']) ? /./ : /^mine$/)
  expect(handled).toEqual([])
  expect(JSON.stringify(response.headers).length).toBeLessThan(8_192)
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
  expect([call.metadata('idempotency-key'), call.requestId, call.metadata('none')]).toEqual(['a, b', 'mine', undefined])
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
