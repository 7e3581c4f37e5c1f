import { PassThrough } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { credentials, status, type ServerDuplexStream } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  ReadModelsClient,
  ReadModelsService,
  type RestoreSnapshotRequest,
  type RestoreSnapshotResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { ErrorCode } from '../errors/app-error.ts'
import { createLog } from '../log/log.ts'
import { serveGrpc } from './server.ts'
import { grpcServices, type GrpcHandlers } from './service.ts'
import { grpcStatus } from './status.ts'
import { CallerDisconnected, requestsOf } from './streams.ts'
import { framed, rawCall, rawSession } from './testing/raw-call.ts'

/** A real server and client. The server reads all messages and then responds once; `end` is how that ended. */
async function setup() {
  await using scope = new AsyncDisposableStack()
  const draining = new AbortController()
  const first = Promise.withResolvers<void>()
  const end = Promise.withResolvers<unknown>()
  const received: string[] = []
  const grpcService = grpcServices({
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: new Registry(),
    admit: (work) => work(),
    draining: draining.signal,
  })
  const handlers: Partial<GrpcHandlers<typeof ReadModelsService>> = {
    async restoreSnapshot(requests, send) {
      try {
        for await (const { data } of requests) {
          received.push(data.toString())
          first.resolve()
        }
        await send({ generation: undefined })
        end.resolve('complete')
      } catch (error) {
        end.resolve(error)
        throw error
      }
    },
  }
  const server = scope.use(
    await serveGrpc({
      host: '127.0.0.1',
      port: 0,
      tls: { certFile: '', keyFile: '', clientCaFile: '' },
      services: [grpcService(ReadModelsService, handlers as GrpcHandlers<typeof ReadModelsService>)],
      descriptors: contractDescriptors,
      draining: new AbortController().signal,
      stopWithinMs: 500,
    }),
  )
  const session = scope.use(rawSession(`http://127.0.0.1:${server.port}`))
  const client = scope.adopt(
    new ReadModelsClient(`127.0.0.1:${server.port}`, credentials.createInsecure()),
    (open) => open.close(),
  )
  const kept = scope.move()
  return { client, session, draining, received, first, end, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

const message = (text: string): RestoreSnapshotRequest => ({ readModel: undefined, data: Buffer.from(text) })

test('a stream of requests arrives in order, and the response follows its last message', async () => {
  await using fixture = await setup()
  const call = fixture.client.restoreSnapshot()
  for (const text of ['a', 'b', 'c']) call.write(message(text))
  call.end()
  const responses = await Array.fromAsync(call as AsyncIterable<RestoreSnapshotResponse>)
  expect(responses).toHaveLength(1)
  expect(fixture.received).toEqual(['a', 'b', 'c'])
})

test('messages that were read are not kept', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const call = new PassThrough({ objectMode: true }) as unknown as ServerDuplexStream<object, unknown>
  const requests = requestsOf(call, new AbortController().signal, (each) => each)
  const read: WeakRef<object>[] = []
  for (let count = 0; count < 10; count++) {
    call.write({ data: Buffer.alloc(1_000) })
    read.push(new WeakRef((await requests.next()).value as object))
  }
  await nextTurn()
  collectGarbage()
  // The last one may still be on the way.
  expect(read.slice(0, -1).filter((each) => each.deref() !== undefined)).toEqual([])
})

test('a caller that disconnects ends the work: with an error, or as after its last message', async () => {
  await using fixture = await setup()
  const call = fixture.client.restoreSnapshot()
  call.on('error', () => {})
  call.write(message('a'))
  await fixture.first.promise
  call.cancel()
  const end = await fixture.end.promise
  const name = end instanceof Error ? end.name : end
  expect(['complete', 'CallerDisconnected']).toContain(name)
})

test.each<[string, (call: PassThrough) => unknown]>([
  ['with an end', (call) => call.end()],
  ['with an error', (call) => call.destroy(new Error('aborted'))],
])('messages that stop %s because the call is cancelled are not complete', async (_, stop) => {
  const call = Object.assign(new PassThrough({ objectMode: true }), { cancelled: false })
  const requests = requestsOf(
    call as unknown as ServerDuplexStream<string, unknown>,
    undefined,
    (text) => text,
  )
  call.write('a')
  expect(await requests.next()).toEqual({ done: false, value: 'a' })
  call.cancelled = true
  stop(call)
  await expect(requests.next()).rejects.toThrow(CallerDisconnected)
})

test('a service that stops ends the stream of a caller that sends nothing', async () => {
  await using fixture = await setup()
  const call = fixture.client.restoreSnapshot()
  call.write(message('a'))
  await fixture.first.promise
  fixture.draining.abort()
  await expect(Array.fromAsync(call as AsyncIterable<RestoreSnapshotResponse>)).rejects.toMatchObject({
    code: status.UNAVAILABLE,
  })
})

type Row = [what: string, code: ErrorCode, wrong: Buffer, headers?: object]

const good = framed(Buffer.from('120161', 'hex'))

test.each<Row>([
  ['a message that cannot be decoded', 'malformed', framed(Buffer.from([0x12, 0xff]))],
  ['a name that is not UTF-8', 'malformed', framed(Buffer.from('0a02ff62', 'hex'))],
  ['a message over 256 KiB', 'too_large', framed(Buffer.alloc(262_145))],
  [
    'a message that is no gzip',
    'malformed',
    framed(Buffer.from('x'), { flag: 1 }),
    { 'grpc-encoding': 'gzip' },
  ],
  [
    'an unknown compression',
    'unsupported_media_type',
    framed(Buffer.from('x'), { flag: 1 }),
    { 'grpc-encoding': 'x' },
  ],
  ['no timeout', 'malformed', good, { 'grpc-timeout': '-1S' }],
])('in a stream of requests, %s is %s, and the request id is returned', async (_, code, wrong, headers) => {
  await using fixture = await setup()
  const path: string = ReadModelsService.restoreSnapshot.path
  const body = Buffer.concat([good, wrong])
  const response = await rawCall(fixture.session, path, body, { 'x-request-id': 'mine', ...headers })
  expect([response.code, response.status, response.httpStatus]).toEqual([code, grpcStatus[code], 200])
  expect(response.headers['x-request-id']).toBe('mine')
  expect(await Promise.race([fixture.end.promise, Promise.resolve('open')])).not.toBe('complete')
})
