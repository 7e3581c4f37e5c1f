import { credentials, status, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  CatalogueStatisticsClient,
  type ListCategoryTotalsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/catalogue_statistics.ts'
import {
  ProductHistoryClient,
  type ListProductEventsResponse,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_history.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { serveGrpc } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import type { TotalsFinder } from '../runtime/grouped-totals/totals-finder.ts'
import type { FoundEntry, HistoryFinder } from '../runtime/history/history-finder.ts'
import { portsOn } from '../runtime/testing/query-ports.ts'
import { categoryTotals } from './category-totals.ts'
import { productHistory } from './product-history.ts'
import { productReadModel } from './product-read-model.ts'
import { productAt } from './testing/product-states.ts'

/** The contracts of gRPC: a real server and real clients, without the stores. */
const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const at = new Date('2026-03-15T10:00:00.123Z')

const totals: TotalsFinder = {
  versions: async () => new Map([[id, 3]]),
  totals: async () => ({ groups: [{ group: 'tea', count: 2, sum: 30, min: 10, max: 20 }], asOf: at }),
}
const entries: HistoryFinder = {
  versions: async () => new Map(),
  newest: async () => 2,
  entries: async (_, versions) =>
    new Map(
      versions.map((version): [number, FoundEntry] => {
        const state = productAt(id, version, { name: 'Teapot', priceCents: version })
        const item = productReadModel.items.ofState(state)
        return [version, { version, type: 'updated', occurredAt: at, requestId: 'r', item }]
      }),
    ),
}

async function served() {
  await using scope = new AsyncDisposableStack()
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  const behind = new AppError('read_model_behind', 'not yet')
  const services = [
    categoryTotals.serve(portsOn(totals, behind)).grpc(grpcService)!,
    productHistory.serve(portsOn(entries, behind)).grpc(grpcService)!,
  ]
  const tls = { certFile: '', keyFile: '', clientCaFile: '' }
  const draining = new AbortController().signal
  const { port } = scope.use(
    await serveGrpc({
      host: '127.0.0.1',
      port: 0,
      tls,
      services,
      descriptors: contractDescriptors,
      draining,
    }),
  )
  const address = `127.0.0.1:${port}`
  const statistics = new CatalogueStatisticsClient(address, credentials.createInsecure())
  const history = new ProductHistoryClient(address, credentials.createInsecure())
  scope.defer(() => [statistics, history].forEach((client) => client.close()))
  const kept = scope.move()
  return {
    totals: (request: object) =>
      new Promise<ListCategoryTotalsResponse>((resolve, reject) => {
        const full = { category: '', sort: '', productId: '', ...request }
        statistics.listCategoryTotals(full, (error, response) => (error ? reject(error) : resolve(response)))
      }),
    events: (request: object) =>
      new Promise<ListProductEventsResponse>((resolve, reject) => {
        const full = { id, pageToken: '', ...request }
        history.listProductEvents(full, (error, response) => (error ? reject(error) : resolve(response)))
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => status.OK,
    (error: ServiceError) => error.code,
  )

test('category totals over gRPC', async () => {
  await using services = await served()
  const all = { items: [{ category: 'tea', count: 2, sum: 30, min: 10, max: 20 }], asOf: at }
  expect(await services.totals({})).toEqual(all)
  expect(await services.totals({ minVersion: 3, productId: id, sort: '-sum', category: 'tea' })).toEqual(all)
  expect(await codeOf(services.totals({ minVersion: 4, productId: id }))).toBe(status.UNAVAILABLE)
  expect(await codeOf(services.totals({ minVersion: 1 }))).toBe(status.INVALID_ARGUMENT)
  expect(await codeOf(services.totals({ sort: 'price' }))).toBe(status.INVALID_ARGUMENT)
})

test('the events of a product over gRPC, in pages', async () => {
  await using services = await served()
  const first = await services.events({ pageSize: 1 })
  expect(first.items).toEqual([
    {
      version: 2,
      type: 'updated',
      changes: [{ field: 'priceCents', from: 1, to: 2 }],
      occurredAt: at,
      requestId: 'r',
    },
  ])
  const second = await services.events({ pageSize: 1, pageToken: first.nextPageToken })
  expect(second.items.map(({ version }) => version)).toEqual([1])
  expect(second.items[0]!.changes).toContainEqual({ field: 'priceCents', from: null, to: 1 })
  expect(second.nextPageToken).toBe('')
  expect(await codeOf(services.events({ id: '42' }))).toBe(status.INVALID_ARGUMENT)
  expect(await codeOf(services.events({ minVersion: 3 }))).toBe(status.UNAVAILABLE)
})
