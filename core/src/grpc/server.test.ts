import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, credentials, Metadata, status, type ChannelCredentials } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  DeadLettersClient,
  DeadLettersService,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../log/log.ts'
import { serveGrpc, type GrpcTls } from './server.ts'
import { AppError } from '../errors/app-error.ts'
import { grpcServices, type GrpcHandlers } from './service.ts'

let folder: string
let file: (name: string) => string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-tls-'))
  file = (name) => join(folder, name)
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', file('key.pem'), '-out', file('cert.pem')],
  ])
})
afterAll(() => rm(folder, { recursive: true }))

const noTls: GrpcTls = { certFile: '', keyFile: '', clientCaFile: '' }

async function serve(tls: GrpcTls, draining = new AbortController().signal) {
  const grpcService = grpcServices({
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: new Registry(),
    admit: (work) => work(),
  })
  const queries = grpcService(ProductQueriesService, {
    getProduct: async () => ({ product: undefined }),
    searchProducts: async () => ({ items: [], nextPageToken: '' }),
    countProducts: async () => ({ count: 0, exact: true }),
    listTopProducts: async () => ({ items: [], madeAt: undefined, ageMs: 0, document: 'made' }),
  })
  return serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls,
    services: [queries],
    descriptors: contractDescriptors,
    draining,
    stopWithinMs: 500,
  })
}

/** One call of a method by its path; returns the bytes of the response. */
async function call(port: number, channel: ChannelCredentials, path: string, request = Buffer.alloc(0)) {
  const client = new Client(`127.0.0.1:${port}`, channel)
  const raw = (bytes: Buffer) => bytes
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const options = { deadline: Date.now() + 20_000 }
      client.makeUnaryRequest(path, raw, raw, request, new Metadata(), options, (error, response) =>
        error ? reject(error) : resolve(response ?? Buffer.alloc(0)),
      )
    })
  } finally {
    client.close()
  }
}

const getProduct = ProductQueriesService.getProduct.path

it('talks TLS when it has a certificate, and nothing else then', async () => {
  await using server = await serve({ ...noTls, certFile: file('cert.pem'), keyFile: file('key.pem') })
  const trusted = credentials.createSsl(await readFile(file('cert.pem')))
  await expect(call(server.port, trusted, getProduct)).resolves.toEqual(Buffer.alloc(0))
  await expect(call(server.port, credentials.createInsecure(), getProduct)).rejects.toThrow('UNAVAILABLE')
})

it('with a client authority set, a client without a certificate is refused', async () => {
  const tls = { certFile: file('cert.pem'), keyFile: file('key.pem'), clientCaFile: file('cert.pem') }
  await using server = await serve(tls)
  const [cert, key] = [await readFile(file('cert.pem')), await readFile(file('key.pem'))]
  await expect(call(server.port, credentials.createSsl(cert, key, cert), getProduct)).resolves.toBeDefined()
  await expect(call(server.port, credentials.createSsl(cert), getProduct)).rejects.toThrow('UNAVAILABLE')
})

it('its health is NOT_SERVING from the moment it drains', async () => {
  const draining = new AbortController()
  await using server = await serve(noTls, draining.signal)
  const health = () => call(server.port, credentials.createInsecure(), '/grpc.health.v1.Health/Check')
  // HealthCheckResponse { status = 1 (varint) }: 1 SERVING, 2 NOT_SERVING.
  expect([...(await health())]).toEqual([8, 1])
  draining.abort()
  expect([...(await health())]).toEqual([8, 2])
})

it('a watch of its health does not delay its stop', async () => {
  const server = await serve(noTls)
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  const raw = (bytes: Buffer) => bytes
  const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', raw, raw, Buffer.alloc(0))
  const ended = once(watch, 'error')
  await once(watch, 'data')
  await server[Symbol.asyncDispose]()
  expect((await ended)[0]).toBeInstanceOf(Error)
  client.close()
})

it('a request larger than the limit is refused with INVALID_ARGUMENT: a client would repeat RESOURCE_EXHAUSTED', async () => {
  await using server = await serve(noTls)
  const large = Buffer.alloc(257 * 1024)
  await expect(call(server.port, credentials.createInsecure(), getProduct, large)).rejects.toThrow(
    'INVALID_ARGUMENT',
  )
})

type DeadLetterHandlers = GrpcHandlers<typeof DeadLettersService>

/** A server of streams, its client, and the codes that its calls ended with. */
async function streams(
  listDeadLetters: DeadLetterHandlers['listDeadLetters'],
  draining = new AbortController().signal,
) {
  await using scope = new AsyncDisposableStack()
  const metrics = new Registry()
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics, admit: (work) => work(), draining })
  const unused = () => Promise.reject(new Error('not called'))
  const errors = grpcService(DeadLettersService, {
    listDeadLetters,
    getDeadLetter: unused,
    redriveDeadLetters: unused,
    discardDeadLetters: unused,
  })
  const server = scope.use(
    await serveGrpc({
      host: '127.0.0.1',
      port: 0,
      tls: noTls,
      services: [errors],
      descriptors: contractDescriptors,
      draining,
    }),
  )
  const client = new DeadLettersClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
  scope.defer(() => client.close())
  const kept = scope.move()
  return {
    list: () => client.listDeadLetters({ selection: undefined, resolved: false }),
    async codes() {
      const found = await metrics.getSingleMetric('grpc_server_call_duration_seconds')?.get()
      return [...new Set(found?.values.map(({ labels }) => labels['code']))]
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const message = { deadLetter: undefined }

it('a stream gives what was sent, then what went wrong, with its code', async () => {
  await using service = await streams(async (_, send) => {
    await send(message)
    throw new AppError('unavailable', 'no broker responds')
  })
  const received: unknown[] = []
  const read = async () => {
    for await (const each of service.list()) received.push(each)
  }
  await expect(read()).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'no broker responds' })
  expect(received).toEqual([message])
  expect(await service.codes()).toEqual(['UNAVAILABLE'])
})

it('more streams at once than there is room for are refused, until one ends', async () => {
  const started: PromiseWithResolvers<void>[] = []
  await using service = await streams(async (_, send) => {
    const end = Promise.withResolvers<void>()
    started.push(end)
    await send(message)
    await end.promise
  })
  const open = Array.from({ length: 8 }, () => service.list()[Symbol.asyncIterator]())
  for (const stream of open) await stream.next()
  const another = () => service.list()[Symbol.asyncIterator]().next()
  await expect(another()).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })

  started[0]!.resolve()
  await Promise.race(open.map((stream) => stream.next()))
  expect(await another()).toMatchObject({ value: message })
  for (const end of started) end.resolve()
})

it('a stream waits for a caller that reads slowly, and ends when the caller disconnects', async () => {
  const ended = Promise.withResolvers<unknown>()
  let sent = 0
  const most = 1_000
  const padding = { errorMessage: 'x'.repeat(100_000), errorClass: '', attempts: 1, key: undefined }
  const nothing = {
    position: undefined,
    firstFailedAt: undefined,
    failedAt: undefined,
    resolution: undefined,
  }
  await using service = await streams(async (_, send) => {
    try {
      for (; sent < most; sent++) await send({ deadLetter: { ...padding, ...nothing } })
    } catch (error) {
      ended.resolve(error)
      throw error
    }
  })
  const stream = service.list()
  stream.on('error', () => {})
  // One is read; the client reads a few ahead, and the connection buffers some more.
  await stream[Symbol.asyncIterator]().next()
  let before = 0
  await expect.poll(() => sent === before || ((before = sent), false), { interval: 500 }).toBe(true)
  expect(sent).toBeLessThan(200)
  stream.cancel()
  expect(await ended.promise).toMatchObject({ name: 'CallerDisconnected' })
  await expect.poll(service.codes).toEqual(['CANCELLED'])
})

it('a stream ends when the service stops, be it in the middle of a message', async () => {
  const stop = new AbortController()
  await using service = await streams(async (_, send) => {
    for (;;) await send(message)
  }, stop.signal)
  const stream = service.list()
  const ended = Promise.withResolvers<unknown>()
  stream.on('error', ended.resolve)
  stream.once('data', () => stop.abort())
  expect(await ended.promise).toMatchObject({ code: status.UNAVAILABLE })
})
