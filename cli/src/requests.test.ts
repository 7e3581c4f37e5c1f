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
import { expect, test } from 'vitest'
import { run } from './run.ts'

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
async function fakeServices(mismatches: AuditMismatch[] = [], { complete = true } = {}) {
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

const id = '0198c0de-7a11-7c0d-8000-5eed0000cafe'
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

test.each<[string[], object, string, string]>([
  [
    ['list', '--search', 'tea', '--category', 'kitchen', '--sort=-name', '--page-size', '5'],
    { search: 'tea', category: 'kitchen', sort: '-name', pageSize: 5, pageToken: '' },
    `${id}  version 3  kitchen  3490  Teapot`,
    'more: --page-token next\n',
  ],
  [['count', '--search', 'tea'], { search: 'tea', category: '' }, 'more than 10000', ''],
  [
    ['top', '--by', 'updatedAt', '--limit', '3'],
    { category: '', by: 'updatedAt', limit: 3 },
    'cached, 7 ms old',
    '',
  ],
  [
    ['totals', '--sort=-sum'],
    { category: '', sort: '-sum', productId: '' },
    'kitchen  2 products  sum 30  10 to 20',
    '',
  ],
  [
    ['history', id, '--page-token', 'next'],
    { id, pageToken: 'next' },
    '3  updated  2026-03-15T10:00:00.000Z  priceCents: 1 -> 2',
    '',
  ],
])('query %j sends the options, and prints the result', async (argv, request, printed, more) => {
  using services = await fakeServices()
  const { code, out, err } = await services.lockstep('query', ...argv)
  expect({ code, err }).toEqual({ code: 0, err: more })
  expect(out).toContain(printed)
  expect(services.requests).toMatchObject([request])
})

test.each<[string[], object, string]>([
  [
    ['audit', 'product'],
    { readModel: 'product', repair: false, documentsPerSecond: 1_000, ageLimitMs: 10_000 },
    '3 documents compared; no mismatches',
  ],
  [
    ['audit', 'product', '--repair', '--rate', '7', '--age-limit', '0'],
    { readModel: 'product', repair: true, documentsPerSecond: 7, ageLimitMs: 0 },
    'no mismatches',
  ],
  [['rebuild', 'product'], { readModel: 'product' }, 'queries of product use generation 1'],
  [['rebuild', '--status'], { readModel: '' }, 'product             1  active  ready'],
  [['rebuild', 'product', '--status'], { readModel: 'product' }, '0 records behind'],
  [
    ['rebuild', 'product', '--switch-to', '1'],
    { readModel: 'product', generation: 1 },
    'queries of product use generation 1',
  ],
  [
    ['rebuild', 'product', '--drop-old'],
    { readModel: 'product' },
    [
      'generation 0 of product is draining',
      'generation 0 of product is dropping',
      'generation 0 of product is dropped',
    ].join('\n'),
  ],
  [['republish', 'product', '--all'], { aggregate: 'product', all: true }, '2 events read, 2 queued'],
  [
    ['republish', 'product', '--id', id, '--after', `${id}/1`, '--dry-run'],
    { aggregate: 'product', id, all: false, dryRun: true, after: { id, version: 1 } },
    '2 would be queued',
  ],
])('%j sends the names and options, and prints the result', async (argv, request, printed) => {
  using services = await fakeServices()
  const { code, out, err } = await services.lockstep(...argv)
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toContain(printed)
  expect(services.requests).toMatchObject([request])
})

test.each([
  [['audit', 'unknown'], 'lockstep rebuild --status lists the read models'],
  [['rebuild', 'unknown'], 'lockstep rebuild --status lists the read models'],
  [['rebuild', 'unknown', '--switch-to', '1'], 'lockstep rebuild --status lists the read models'],
  [['republish', 'unknown', '--all'], 'lockstep republish product --all'],
])(
  '%j: a name that the service does not know is a problem, and the message says what to run',
  async (argv, right) => {
    using services = await fakeServices()
    const { code, err } = await services.lockstep(...argv)
    expect(code).toBe(1)
    expect(err).toContain('there is no such name (NOT_FOUND)')
    expect(err).toContain(right)
  },
)

test('an audit with mismatches prints each of them and exits with 1, also if all are repaired', async () => {
  const mismatch: AuditMismatch = {
    id,
    store: 'read_model',
    kind: 'ahead',
    expectedVersion: 1,
    actualVersion: 9,
    detail: '',
    repaired: false,
  }
  using services = await fakeServices([mismatch, { ...mismatch, repaired: true }])
  const open = await services.lockstep('audit', 'product')
  expect(open.code).toBe(1)
  expect(open.out).toContain('expected version 1, actual 9')
  expect(open.out).toContain('2 mismatches, 1 repaired')
  expect(open.err).toContain('1 mismatch not repaired; run lockstep audit product --repair')

  using byHand = await fakeServices([{ ...mismatch, store: 'writer', kind: 'last_event' }])
  const writer = await byHand.lockstep('audit', 'product', '--repair')
  expect(writer.err).toContain('review these states manually')

  using repaired = await fakeServices([{ ...mismatch, repaired: true }])
  const audit = await repaired.lockstep('audit', 'product', '--repair', '--json')
  expect(audit.code).toBe(1)
  expect(
    audit.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { store: 'read_model', kind: 'ahead', repaired: true },
    { compared: 3, mismatches: 1, repaired: 1, cacheCompared: true },
  ])
  expect(audit.err).toContain('run lockstep audit product again')
})

test('an audit whose stream ends before the audit is complete is a problem', async () => {
  using services = await fakeServices([], { complete: false })
  const { code, out, err } = await services.lockstep('audit', 'product')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain('the audit ended before it was complete; run it again')
})
