import { status, type ServiceError } from '@grpc/grpc-js'
import {
  DeadLettersService,
  GetDeadLetterRequest,
  ListDeadLettersRequest,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import {
  EventStoreService,
  ListStatesRequest,
  RepublishEventsRequest,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import {
  CreateProductRequest,
  DeleteProductRequest,
  ProductCommandsService,
  UpdateProductRequest,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_commands.ts'
import {
  CountStockRequest,
  ReceiveStockRequest,
  ReleaseReservationRequest,
  ReserveStockRequest,
  ShipReservationRequest,
  StockCommandsService,
} from '@lockstep/contracts/gen/lockstep/stock/v1/stock_commands.ts'
import {
  GetStockRequest,
  ListStockRequest,
  StockQueriesService,
} from '@lockstep/contracts/gen/lockstep/stock/v1/stock_queries.ts'
import {
  GetProductRequest,
  ProductQueriesService,
  SearchProductsRequest,
} from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import fc from 'fast-check'
import { test } from '../../system/stack-test.ts'

/** The statuses of success and of an error of the caller. */
const fair = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.ABORTED,
  status.FAILED_PRECONDITION,
])
const runs = { numRuns: 1_000 }

const text = fc.oneof(
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\u0000', 'tea', 'no slug', 'a'.repeat(5_001), '.*', '('),
)
const int64 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 99_999_999_999, 1e11, Number.MAX_SAFE_INTEGER))
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const product = maybe(
  fc.record({ name: maybe(text), description: maybe(text), category: maybe(text), priceCents: maybe(int64) }),
)
const mask = maybe(
  fc.array(fc.oneof(fc.constantFrom('name', 'price_cents', 'toString', '*'), text), { maxLength: 4 }),
)

const bytesOf = <T>(
  codec: { encode: (message: T) => { finish: () => Uint8Array } },
  message: fc.Arbitrary<T>,
): fc.Arbitrary<Buffer> => message.map((value) => Buffer.from(codec.encode(value).finish()))

/** A message of this kind, a damaged message, or random bytes. */
const wild = (good: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 3, arbitrary: good },
    {
      weight: 2,
      arbitrary: fc.tuple(good, fc.nat(), fc.nat(255)).map(([bytes, at, to]) => damaged(bytes, at, to)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  )

function damaged(bytes: Buffer, at: number, to: number): Buffer {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) copy[at % copy.length] = to
  return copy.subarray(0, 1 + (to % (copy.length + 1)))
}

const target = { id: text, expectedVersion: maybe(int64), idempotencyKey: maybe(text) }
const create = bytesOf(
  CreateProductRequest,
  fc.record({ id: maybe(text), product, idempotencyKey: maybe(text) }),
)
const update = bytesOf(UpdateProductRequest, fc.record({ ...target, product, updateMask: mask }))
const remove = bytesOf(DeleteProductRequest, fc.record(target))
// A min_version of 1 or more would wait for its version.
const get = bytesOf(GetProductRequest, fc.record({ id: text, minVersion: maybe(fc.constantFrom(0, -1)) }))
const search = bytesOf(
  SearchProductsRequest,
  fc.record({ search: text, category: text, pageSize: maybe(fc.integer()), pageToken: text, sort: text }),
)

const receive = bytesOf(ReceiveStockRequest, fc.record({ ...target, quantity: maybe(int64) }))
const reserve = bytesOf(
  ReserveStockRequest,
  fc.record({ ...target, reservationId: maybe(text), quantity: maybe(int64) }),
)
const release = bytesOf(ReleaseReservationRequest, fc.record({ ...target, reservationId: maybe(text) }))
const ship = bytesOf(ShipReservationRequest, fc.record({ ...target, reservationId: maybe(text) }))
const count = bytesOf(CountStockRequest, fc.record({ ...target, onHand: maybe(int64) }))
const getStock = bytesOf(GetStockRequest, fc.record({ id: text, minVersion: maybe(fc.constantFrom(0, -1)) }))
const listStock = bytesOf(
  ListStockRequest,
  fc.record({ maxAvailable: maybe(int64), pageSize: maybe(fc.integer()), pageToken: text, sort: text }),
)

const group = fc.oneof(text, fc.constantFrom('product-projection', 'stock-projection'))
const position = maybe(fc.record({ topic: text, partition: fc.integer(), offset: int64 }))
const time = maybe(fc.date({ noInvalidDate: true }))
const list = bytesOf(
  ListDeadLettersRequest,
  fc.record({
    selection: maybe(
      fc.record({ group, position, key: maybe(text), errorClass: maybe(text), since: time, until: time }),
    ),
    resolved: fc.boolean(),
  }),
)
const getError = bytesOf(GetDeadLetterRequest, fc.record({ group, position }))
const aggregate = fc.oneof(text, fc.constantFrom('product', 'stock'))
const republish = bytesOf(
  RepublishEventsRequest,
  fc.record({
    aggregate,
    id: maybe(text),
    since: time,
    until: time,
    all: fc.boolean(),
    dryRun: fc.constant(true),
    after: maybe(fc.record({ id: text, version: int64 })),
  }),
)
const states = bytesOf(
  ListStatesRequest,
  fc.record({
    aggregate,
    ids: fc.array(text, { maxLength: 2 }),
    afterId: text,
    upToId: text,
    limit: maybe(fc.integer()),
  }),
)
const toOperators = fc.oneof(
  fc.tuple(fc.constant(DeadLettersService.listDeadLetters.path), wild(list)),
  fc.tuple(fc.constant(DeadLettersService.getDeadLetter.path), wild(getError)),
  fc.tuple(fc.constant(EventStoreService.republishEvents.path), wild(republish)),
  fc.tuple(fc.constant(EventStoreService.listStates.path), wild(states)),
)

const commands = fc.oneof(
  fc.tuple(fc.constant(ProductCommandsService.createProduct.path), wild(create)),
  fc.tuple(fc.constant(ProductCommandsService.updateProduct.path), wild(update)),
  fc.tuple(fc.constant(ProductCommandsService.deleteProduct.path), wild(remove)),
  fc.tuple(fc.constant(StockCommandsService.receiveStock.path), wild(receive)),
  fc.tuple(fc.constant(StockCommandsService.reserveStock.path), wild(reserve)),
  fc.tuple(fc.constant(StockCommandsService.releaseReservation.path), wild(release)),
  fc.tuple(fc.constant(StockCommandsService.shipReservation.path), wild(ship)),
  fc.tuple(fc.constant(StockCommandsService.countStock.path), wild(count)),
)
const queries = fc.oneof(
  fc.tuple(fc.constant(ProductQueriesService.getProduct.path), wild(get)),
  fc.tuple(fc.constant(ProductQueriesService.searchProducts.path), wild(search)),
  fc.tuple(fc.constant(StockQueriesService.getStock.path), wild(getStock)),
  fc.tuple(fc.constant(StockQueriesService.listStock.path), wild(listStock)),
)

type Raw = { raw: (path: string, bytes: Buffer) => Promise<Buffer> }

async function expectFair(client: Raw, path: string, bytes: Buffer): Promise<void> {
  const error = await client.raw(path, bytes).then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  )
  const code = error?.code ?? status.OK
  // A damaged message may ask for a version that does not exist.
  if (error?.metadata.get('x-error-code')[0] === 'read_model_behind') return
  if (!fair.has(code)) throw new Error(`${path} ended with ${status[code]}: ${error?.details}`)
}

test('no message of any kind causes an error of the writer', async ({ stack }) => {
  const { grpc } = stack.writers[0]
  await fc.assert(
    fc.asyncProperty(commands, ([path, bytes]) => expectFair(grpc, path, bytes)),
    runs,
  )
})

test('no message of any kind causes an error of the reader', async ({ stack }) => {
  const { grpc } = stack.reader
  await fc.assert(
    fc.asyncProperty(queries, ([path, bytes]) => expectFair(grpc, path, bytes)),
    runs,
  )
})

test('no message to the operators API causes an error of the writer', async ({ stack }) => {
  const { grpc } = stack.writers[0]
  await fc.assert(
    fc.asyncProperty(toOperators, ([path, bytes]) => expectFair(grpc, path, bytes)),
    // The valid ones read the error topic, which takes longer.
    { numRuns: 200 },
  )
})
