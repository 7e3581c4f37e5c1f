import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js'
import {
  EventStoreService,
  type RepublishEventsResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import {
  ReadModelsService,
  type AuditMismatch,
  type GenerationStatus,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { CatalogueStatisticsService } from '@lockstep/contracts/gen/lockstep/product/v1/catalogue_statistics.ts'
import { ProductHistoryService } from '@lockstep/contracts/gen/lockstep/product/v1/product_history.ts'
import { run } from '../run.ts'

export const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
const at = new Date('2026-03-15T10:00:00.000Z')
const product = {
  id,
  version: 3,
  name: 'Teapot',
  description: '',
  category: 'kitchen',
  priceCents: 3490,
  createdAt: at,
  updatedAt: at,
}

const generation: GenerationStatus = {
  readModel: 'product',
  generation: 1,
  phase: 'ready',
  active: true,
  copied: 3,
  total: 3,
  lag: 0,
  startedAt: undefined,
}

type Call = {
  request: unknown
  write?(response: object): void
  end?(): void
  emit?(event: 'error', error: Error): void
}

/** A server on the loopback that records each request. It knows the read model and the aggregate `product` only. */
export async function fakeServices(mismatches: AuditMismatch[] = [], { complete = true } = {}) {
  const requests: unknown[] = []
  const notFound = Object.assign(new Error('there is no such name'), {
    code: status.NOT_FOUND,
    details: 'there is no such name',
    metadata: new Metadata(),
  })
  const known = ({ request }: Call) => {
    requests.push(request)
    return !JSON.stringify(request).includes('unknown')
  }
  const stream =
    (...responses: object[]) =>
    (call: Call) => {
      if (!known(call)) return call.emit?.('error', notFound)
      for (const response of responses) call.write?.(response)
      call.end?.()
    }
  const unary = (response: object) => (call: Call, done: (error: Error | null, response?: object) => void) =>
    known(call) ? done(null, response) : done(notFound)

  const republished: RepublishEventsResponse = { scanned: 2, queued: 2, total: 2, position: undefined }
  const progress = { compared: 3, total: 3, pending: 0, done: complete, cacheCompared: true }
  const server = new Server()
  server.addService(ReadModelsService, {
    auditReadModel: stream(...mismatches.map((mismatch) => ({ item: { $case: 'mismatch', mismatch } })), {
      item: { $case: 'progress', progress },
    }),
    listGenerations: unary({ generations: [generation] }),
    rebuildReadModel: stream({ generation }),
    switchGeneration: unary({ generation }),
    dropGeneration: stream(
      ...['draining', 'draining', 'dropping'].map((phase) => ({
        generation: { ...generation, generation: 0, phase },
      })),
    ),
  })
  server.addService(EventStoreService, { republishEvents: stream(republished), listStates: stream() })
  const items = [product]
  server.addService(ProductQueriesService, {
    getProduct: unary({}),
    searchProducts: unary({ items, nextPageToken: 'next' }),
    countProducts: unary({ count: 10_000, exact: false }),
    listTopProducts: unary({ items, madeAt: at, ageMs: 7, document: 'cached' }),
  })
  server.addService(CatalogueStatisticsService, {
    listCategoryTotals: unary({
      items: [{ category: 'kitchen', count: 2, sum: 30, min: 10, max: 20 }],
      asOf: at,
    }),
  })
  const changes = [{ field: 'priceCents', from: 1, to: 2 }]
  server.addService(ProductHistoryService, {
    listProductEvents: unary({
      items: [{ version: 3, type: 'updated', changes, occurredAt: at }],
      nextPageToken: '',
    }),
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  const address = `127.0.0.1:${port}`
  return {
    requests,
    async lockstep(...argv: string[]) {
      const printed = { out: '', err: '' }
      const code = await run(argv, {
        env: { LOCKSTEP_READER: address, LOCKSTEP_WRITER: address },
        stdout: { write: (text: string) => (printed.out += text) },
        stderr: { write: (text: string) => Boolean((printed.err += text)) },
      })
      return { code, ...printed }
    },
    [Symbol.dispose]: () => server.forceShutdown(),
  }
}
