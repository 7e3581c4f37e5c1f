import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  ReadModelsClient,
  type AuditReadModelRequest,
  type AuditReadModelResponse,
  type ListGenerationsResponse,
  type RestoreSnapshotResponse,
  type SaveSnapshotResponse,
  type SwitchGenerationResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { writeArchive, type OpenArchive } from '@lockstep/core/archive/archive.ts'
import { serveGrpc, type GrpcServer } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Audit } from '../audit/audit.ts'
import type { GenerationStatus, OnProgress, RebuildOperations } from '../rebuild/rebuild-operations.ts'
import { readModelsService } from './read-models-service.ts'

/** The protocol only: a real server and client, and fakes of the operations behind them. */
const statusOf = (readModel: string): GenerationStatus => ({
  readModel,
  generation: 2,
  phase: 'backfilling',
  active: false,
  copied: 5,
  total: 9,
  lag: 3,
  startedAt: new Date('2026-03-14T09:26:53.589Z'),
})
const audit = vi.fn<Audit>(async (_, { onMismatch, onProgress }) => {
  await onMismatch({
    id: 'a',
    store: 'cache',
    kind: 'behind',
    expectedVersion: 3,
    actualVersion: 2,
    detail: '',
    repaired: false,
  })
  const progress = { compared: 1, total: 9, pending: 1, cacheCompared: true }
  await onProgress(progress)
  return { ...progress, compared: 9, pending: 0 }
})
const operationsOf = (readModel: string): RebuildOperations => ({
  status: async () => [statusOf(readModel)],
  rebuild: (onProgress) => onProgress(statusOf(readModel)),
  follow: (_, onProgress) => onProgress(statusOf(readModel)),
  switchTo: async (generation) => ({ ...statusOf(readModel), generation, lag: undefined }),
  dropOther: (onProgress) => onProgress({ ...statusOf(readModel), phase: 'draining' }),
})
/** The restore keeps what arrived. */
const restored: string[] = []
const snapshots = {
  async *save() {
    yield* writeArchive({ content: 'read model', readModel: 'note', ...headerOfNote }, twoLines())
  },
  async restore({ entries }: OpenArchive, onProgress: OnProgress) {
    for await (const line of entries) restored.push(line)
    await onProgress(statusOf('note'))
  },
}
const headerOfNote = { createdAt: '2026-03-14T09:26:53.589Z', total: 2, cluster: 'c', offsets: {} }
async function* twoLines() {
  yield* await Promise.resolve(['{"a":1}', '{"b":2}'])
}
let server: GrpcServer
let client: ReadModelsClient

beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  const readModels = new Map(
    ['product', 'note'].map((name) => [name, { audit, operations: operationsOf(name), snapshots }]),
  )
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [readModelsService(grpcService, readModels)],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
  })
  client = new ReadModelsClient(`127.0.0.1:${server.port}`, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

const list = (readModel: string) =>
  new Promise<ListGenerationsResponse>((resolve, reject) =>
    client.listGenerations({ readModel }, (error, response) => (error ? reject(error) : resolve(response))),
  )

const switchTo = (readModel: string, generation?: number) =>
  new Promise<SwitchGenerationResponse>((resolve, reject) =>
    client.switchGeneration({ readModel, generation }, (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  )

async function received<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const messages: T[] = []
  for await (const message of stream) messages.push(message)
  return messages
}

const audited = (request: Partial<AuditReadModelRequest>): Promise<AuditReadModelResponse[]> =>
  received(client.auditReadModel({ readModel: 'note', repair: false, ...request }, new Metadata()))

test('the generations of one read model, or of all', async () => {
  expect((await list('note')).generations).toEqual([statusOf('note')])
  expect((await list('')).generations.map(({ readModel }) => readModel)).toEqual(['product', 'note'])
})

test('an unknown read model is not found, and the response names the known ones', async () => {
  const message = 'There is no read model "notes"; the read models are: product, note'
  const expected = { code: status.NOT_FOUND, details: message }
  await expect(list('notes')).rejects.toMatchObject(expected)
  await expect(switchTo('notes', 1)).rejects.toMatchObject(expected)
  await expect(audited({ readModel: 'notes' })).rejects.toMatchObject(expected)
  await expect(received(client.rebuildReadModel({ readModel: 'notes' }))).rejects.toMatchObject(expected)
  await expect(received(client.dropGeneration({ readModel: 'notes' }))).rejects.toMatchObject(expected)
})

test('the name of the read model is required, and so is the generation of a switch', async () => {
  const invalid = { code: status.INVALID_ARGUMENT, details: expect.stringContaining('read_model') }
  await expect(received(client.rebuildReadModel({ readModel: '' }))).rejects.toMatchObject(invalid)
  await expect(audited({ readModel: '' })).rejects.toMatchObject(invalid)
  for (const generation of [undefined, -1, 2 ** 60]) {
    await expect(switchTo('note', generation)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('generation'),
    })
  }
  expect((await switchTo('note', 1)).generation).toMatchObject({ generation: 1, lag: undefined })
})

test('a rebuild and a drop send the status of their generation', async () => {
  expect(await received(client.rebuildReadModel({ readModel: 'note' }))).toEqual([
    { generation: statusOf('note') },
  ])
  expect(await received(client.dropGeneration({ readModel: 'note' }))).toMatchObject([
    { generation: { readModel: 'note', phase: 'draining' } },
  ])
})

test('an audit sends its mismatches and its progress, and says that it is done', async () => {
  expect(await audited({ repair: true, ageLimitMs: 0 })).toMatchObject([
    {
      item: { $case: 'mismatch', mismatch: { id: 'a', store: 'cache', kind: 'behind', expectedVersion: 3 } },
    },
    { item: { $case: 'progress', progress: { compared: 1, pending: 1, done: false } } },
    { item: { $case: 'progress', progress: { compared: 9, pending: 0, done: true } } },
  ])
  expect(audit.mock.lastCall?.[0]).toEqual({ repair: true, documentsPerSecond: 1_000, ageLimitMs: 0 })
})

test('all values of an audit that are out of range are reported together', async () => {
  const error = await audited({ documentsPerSecond: 0, ageLimitMs: 600_001 }).catch(
    (thrown: ServiceError) => thrown,
  )
  expect(error).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('documents_per_second, age_limit_ms'),
  })
})

async function saved(): Promise<Buffer> {
  const responses = client.saveSnapshot({ readModel: 'note' }) as AsyncIterable<SaveSnapshotResponse>
  return Buffer.concat((await Array.fromAsync(responses)).map(({ data }) => data))
}

/** Sends the bytes in three messages, and returns the responses or the error. */
async function restore(bytes: Buffer, readModel?: string): Promise<RestoreSnapshotResponse[]> {
  const call = client.restoreSnapshot()
  const third = Math.ceil(bytes.length / 3)
  for (let from = 0; from < bytes.length; from += third) {
    call.write({ readModel: from === 0 ? readModel : undefined, data: bytes.subarray(from, from + third) })
  }
  call.end()
  return Array.fromAsync(call as AsyncIterable<RestoreSnapshotResponse>)
}

test('a snapshot travels as a stream in both directions', async () => {
  restored.length = 0
  expect(await restore(await saved(), 'note')).toEqual([{ generation: statusOf('note') }])
  expect(restored).toEqual(['{"a":1}', '{"b":2}'])
})

test('a snapshot that is truncated, of another read model, or no snapshot at all is refused', async () => {
  const bytes = await saved()
  const refusal = (details: string) => ({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining(details) as string,
  })
  await expect(restore(bytes.subarray(0, -1))).rejects.toMatchObject(refusal('truncated or was altered'))
  await expect(restore(bytes, 'product')).rejects.toMatchObject(
    refusal('a snapshot of note, and not of product'),
  )
  await expect(restore(Buffer.from('teapot'))).rejects.toMatchObject(refusal('truncated or was altered'))
  await expect(restore(Buffer.alloc(0))).rejects.toMatchObject(refusal('truncated or was altered'))
})
