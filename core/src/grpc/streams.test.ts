import { credentials, status } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  ReadModelsClient,
  ReadModelsService,
  type RestoreSnapshotRequest,
  type RestoreSnapshotResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createLog } from '../log/log.ts'
import { serveGrpc } from './server.ts'
import { grpcServices, type GrpcHandlers } from './service.ts'

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
  const client = scope.adopt(
    new ReadModelsClient(`127.0.0.1:${server.port}`, credentials.createInsecure()),
    (open) => open.close(),
  )
  const kept = scope.move()
  return { client, draining, received, first, end, [Symbol.asyncDispose]: () => kept.disposeAsync() }
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
