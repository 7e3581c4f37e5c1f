import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { expect, it } from 'vitest'
import { reflection } from './reflection.ts'

const queries = 'lockstep.product.v1.ProductQueries'

/** ServerReflectionRequest { file_containing_symbol = 4 }. */
const symbolRequest = (name: string) => Buffer.concat([Buffer.from([0x22, name.length]), Buffer.from(name)])
/** ServerReflectionRequest { list_services = 7 }. */
const listRequest = Buffer.from([0x3a, 0])

/** The text in the response to a reflection request. */
async function reflected(request: Buffer): Promise<string> {
  const server = new Server()
  reflection(contractDescriptors, [queries]).addToServer(server)
  const { promise: bound, resolve: onBound } = Promise.withResolvers<number>()
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => onBound(port))
  const client = new Client(`127.0.0.1:${await bound}`, credentials.createInsecure())
  const raw = (bytes: Buffer) => bytes
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const stream = client.makeBidiStreamRequest(path, raw, raw)
  const { promise: response, resolve: onResponse } = Promise.withResolvers<Buffer>()
  stream.on('data', onResponse)
  stream.end(request)

  const text = (await response).toString('latin1')
  client.close()
  server.forceShutdown()
  return text
}

it('each file names its imports, without which a client cannot resolve their types', async () => {
  const text = await reflected(symbolRequest(queries))
  // Field 3 (dependency) of product_queries.proto, which has the message that needs the import.
  expect(text).toContain('\x1a!lockstep/product/v1/product.proto')
  expect(text).toContain('\x1a\x1fgoogle/protobuf/timestamp.proto')
})

it('the health service is listed and described', async () => {
  const listed = await reflected(listRequest)
  expect(listed).toContain(queries)
  expect(listed).toContain('grpc.health.v1.Health')
  const described = await reflected(symbolRequest('grpc.health.v1.Health'))
  for (const name of ['HealthCheckRequest', 'NOT_SERVING', 'Watch']) expect(described).toContain(name)
})
