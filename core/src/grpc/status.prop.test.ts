import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  AppError,
  errorCatalogue,
  invalid,
  type ErrorCode,
  type FieldViolation,
} from '../errors/app-error.ts'
import { grpcError, grpcStatus } from './status.ts'

const units = ['x', '€', '🫖', '\u0001', '\ud800', '"']
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20_000 }),
  fc.constantFrom(...units).map((unit) => unit.repeat(20_000)),
)

/** As RFC 9113 counts the header list: 32 bytes beside each name and value. */
function sizeOf({ code, details = '', metadata }: ReturnType<typeof grpcError>): number {
  const trailers = {
    'grpc-status': String(code),
    'grpc-message': encodeURI(details),
    ...metadata?.toHttp2Headers(),
  }
  return Object.entries(trailers).reduce(
    (sum, [name, value]) => sum + name.length + String(value).length + 32,
    0,
  )
}

/** The size of the trailers, and how many violations they list or count. */
function shownOf(violations: readonly FieldViolation[], detail: string): { size: number; count: number } {
  const error = violations.length > 0 ? invalid(violations) : new AppError('not_found', detail)
  const shown = grpcError(error, 'r'.repeat(255))
  const [bytes = Buffer.alloc(0)] = shown.metadata!.get('grpc-status-details-bin')
  const listed = Status.decode(bytes as Buffer).details.flatMap(
    ({ value }) => BadRequest.decode(value).fieldViolations,
  )
  const more = Number(/with (\d+) more/.exec(shown.details!)?.[1] ?? 0)
  return { size: sizeOf(shown), count: listed.length + more }
}

/** The headers of a response without a message are in the same frame. */
const MAX_SIZE = 8_192 - 512

test('the trailers of any error stay under 8 KiB, and the message counts the violations that they leave out', () => {
  const violation = fc.record({ field: text, message: text })
  const property = fc.property(fc.array(violation, { maxLength: 300 }), text, (violations, detail) => {
    const { size, count } = shownOf(violations, detail)
    expect(size).toBeLessThan(MAX_SIZE)
    expect(count).toBe(violations.length)
  })
  fc.assert(property, { numRuns: 100 })
})

test.each(units)('the trailers of the largest errors that repeat %j stay under 8 KiB', (unit) => {
  const long = unit.repeat(20_000)
  for (const length of [0, 1, 20, 1_000]) {
    const violations = Array.from({ length }, (_, n) => ({ field: `${n}${long}`, message: long }))
    const { size, count } = shownOf(violations, long)
    expect(size).toBeLessThan(MAX_SIZE)
    expect(count).toBe(length)
  }
})

test('every status differs from those of the retryable errors, unless the error is retryable too', () => {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  const statuses = (retryable: boolean) =>
    new Set(
      codes.filter((code) => errorCatalogue[code].retryable === retryable).map((code) => grpcStatus[code]),
    )
  // A request that arrives too slowly exists over HTTP only.
  const shared = [...statuses(true).intersection(statuses(false))].filter(
    (each) => each !== grpcStatus.request_timeout,
  )
  expect(shared).toEqual([])
})
