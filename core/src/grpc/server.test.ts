import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLog } from '../log/log.ts'
import { serveGrpc, type GrpcTls } from './server.ts'
import { grpcServices } from './service.ts'

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
  })
  const queries = grpcService(ProductQueriesService, {
    getProduct: async () => ({ product: undefined }),
    searchProducts: async () => ({ items: [], nextPageToken: '' }),
  })
  return serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls,
    services: [queries],
    descriptors: contractDescriptors,
    draining,
  })
}

/** One call of a method by its path; gives the bytes of the answer. */
async function call(port: number, channel: ChannelCredentials, path: string, request = Buffer.alloc(0)) {
  const client = new Client(`127.0.0.1:${port}`, channel)
  const raw = (bytes: Buffer) => bytes
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const options = { deadline: Date.now() + 5_000 }
      client.makeUnaryRequest(path, raw, raw, request, new Metadata(), options, (error, answer) =>
        error ? reject(error) : resolve(answer ?? Buffer.alloc(0)),
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

it('a request larger than the limit is refused with RESOURCE_EXHAUSTED', async () => {
  await using server = await serve(noTls)
  const large = Buffer.alloc(257 * 1024)
  await expect(call(server.port, credentials.createInsecure(), getProduct, large)).rejects.toThrow(
    'RESOURCE_EXHAUSTED',
  )
})
