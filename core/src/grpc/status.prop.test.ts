import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AppError, errorCatalogue, invalid, type ErrorCode } from '../errors/app-error.ts'
import { grpcError, grpcStatus } from './status.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20_000 }),
  fc.constantFrom('x', '€', '🫖', '\u0001', '\ud800', '"').map((unit) => unit.repeat(20_000)),
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

test('the trailers of any error stay under 8 KiB, and the message counts the violations that they leave out', () => {
  const violation = fc.record({ field: text, message: text })
  fc.assert(
    fc.property(fc.array(violation, { maxLength: 300 }), text, (violations, detail) => {
      const error = violations.length > 0 ? invalid(violations) : new AppError('not_found', detail)
      const shown = grpcError(error, 'r'.repeat(128))
      // The headers of a response without a message are in the same frame.
      expect(sizeOf(shown)).toBeLessThan(8_192 - 512)

      const [bytes] = shown.metadata!.get('grpc-status-details-bin')
      if (bytes === undefined) return
      const status = Status.decode(bytes as Buffer)
      const listed = BadRequest.decode(status.details[0]!.value).fieldViolations.length
      const more = Number(/with (\d+) more/.exec(shown.details!)?.[1] ?? 0)
      expect(listed).toBeGreaterThan(0)
      expect(listed + more).toBe(violations.length)
    }),
    { numRuns: 100 },
  )
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
