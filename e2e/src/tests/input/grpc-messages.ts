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

/** Messages of every kind, as bytes: of their method, damaged, or not messages at all. */
export type FuzzMessage = {
  path: string
  bytes: Buffer
  /** The code that its response must have; undefined: success, or any error of the caller. */
  code?: string
  /** Whether it can be decoded: what is wrong with it is then wrong with a field. */
  decodes?: boolean
}

/** Two bytes that no other text has; `notUtf8` replaces them. */
const mark = '\u07ff'
const long = ['a', '€', '🫖', '"'].flatMap((unit) => [unit.repeat(150), unit.repeat(12_000)])
const text = fc.oneof(
  { weight: 4, arbitrary: fc.uuid() },
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 4, arbitrary: fc.constantFrom('', '\u0000', '\ufeff', ' ', '\t', 'tea', 'no slug', '.*', '(') },
  { weight: 1, arbitrary: fc.constantFrom('a'.repeat(5_001), ...long) },
  { weight: 2, arbitrary: fc.constantFrom(mark, `tea${mark}`, `${'a'.repeat(40)}${mark}`) },
)
const int64 = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -1, 99_999_999_999, 1e11, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 62, -(2 ** 63)),
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const product = maybe(
  fc.record({ name: maybe(text), description: maybe(text), category: maybe(text), priceCents: maybe(int64) }),
)
const maskPath = fc.oneof(fc.constantFrom('name', 'price_cents', 'toString', '*', '', 'name.x'), text)
const mask = maybe(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<string[]>(['*'], ['*', 'name'], ['priceCents']) },
    { weight: 6, arbitrary: fc.array(maskPath, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(fc.string(), { minLength: 100, maxLength: 300 }) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...long), fc.nat(300)).map(([same, times]) => {
        return Array<string>(same.length > 1_000 ? 2 : times).fill(same)
      }),
    },
  ),
)

const bytesOf = <T>(
  codec: { encode: (message: T) => { finish: () => Uint8Array } },
  message: fc.Arbitrary<T>,
): fc.Arbitrary<Buffer> => message.map((value) => Buffer.from(codec.encode(value).finish()))

/** A message of this kind, one with a text that is not UTF-8, a damaged one, or random bytes. */
const wild = (path: string, good: fc.Arbitrary<Buffer>): fc.Arbitrary<FuzzMessage> =>
  fc.oneof(
    { weight: 3, arbitrary: good.map((bytes) => ({ path, bytes, decodes: true })) },
    { weight: 2, arbitrary: fc.tuple(good, broken).map(([bytes, by]) => notUtf8(path, bytes, by)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, fc.nat(), fc.nat(255))
        .map(([bytes, at, to]) => ({ path, bytes: damaged(bytes, at, to) })),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => ({ path, bytes: Buffer.from(bytes) })),
    },
  )

/** Two bytes that are not UTF-8: a beginning without its end, an overlong zero, two ends. */
const broken = fc.constantFrom('61ff', 'c080', 'c361', '8080', 'fffe').map((hex) => Buffer.from(hex, 'hex'))

function notUtf8(path: string, bytes: Buffer, by: Buffer): FuzzMessage {
  const at = bytes.indexOf(mark)
  if (at < 0) return { path, bytes }
  const copy = Buffer.from(bytes)
  by.copy(copy, at)
  return { path, bytes: copy, code: 'malformed' }
}

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
export const toOperators = fc.oneof(
  wild(DeadLettersService.listDeadLetters.path, list),
  wild(DeadLettersService.getDeadLetter.path, getError),
  wild(EventStoreService.republishEvents.path, republish),
  wild(EventStoreService.listStates.path, states),
)

export const commands = fc.oneof(
  wild(ProductCommandsService.createProduct.path, create),
  wild(ProductCommandsService.updateProduct.path, update),
  wild(ProductCommandsService.deleteProduct.path, remove),
  wild(StockCommandsService.receiveStock.path, receive),
  wild(StockCommandsService.reserveStock.path, reserve),
  wild(StockCommandsService.releaseReservation.path, release),
  wild(StockCommandsService.shipReservation.path, ship),
  wild(StockCommandsService.countStock.path, count),
)
export const queries = fc.oneof(
  wild(ProductQueriesService.getProduct.path, get),
  wild(ProductQueriesService.searchProducts.path, search),
  wild(StockQueriesService.getStock.path, getStock),
  wild(StockQueriesService.listStock.path, listStock),
)
