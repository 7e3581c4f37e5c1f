import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import { invalid, type AppError, type ErrorKind } from '../errors/app-error.ts'

/** The gRPC status of each kind of error; a kind that only HTTP has gets the status with the nearest meaning. */
export const grpcStatus = {
  malformed: status.INVALID_ARGUMENT,
  invalid: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  method_not_allowed: status.UNIMPLEMENTED,
  request_timeout: status.DEADLINE_EXCEEDED,
  conflict: status.ALREADY_EXISTS,
  version_conflict: status.ABORTED,
  precondition: status.FAILED_PRECONDITION,
  // Not RESOURCE_EXHAUSTED, which clients repeat.
  too_large: status.INVALID_ARGUMENT,
  // As gRPC has it for a compression that the server does not know.
  unsupported_media_type: status.UNIMPLEMENTED,
  expectation_failed: status.INVALID_ARGUMENT,
  idempotency_mismatch: status.INVALID_ARGUMENT,
  headers_too_large: status.INVALID_ARGUMENT,
  internal: status.INTERNAL,
  overloaded: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  read_model_behind: status.UNAVAILABLE,
  outcome_unknown: status.UNKNOWN,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
} as const satisfies Record<ErrorKind, status>

/**
 * For the message and the details together. Many clients and proxies refuse trailers above 8 KiB (grpc-java's default)
 * with a status of their own; the others have about 600 bytes. A message alone has at most 500 characters of 9 bytes.
 */
const MAX_BYTES = 7_000

/**
 * The error as a gRPC status. Trailers: `x-error-code` (the code), `x-request-id`, and, for invalid fields,
 * `grpc-status-details-bin` with a google.rpc.BadRequest.
 */
export function grpcError(error: AppError, requestId: string): Partial<ServiceError> {
  const code = grpcStatus[error.kind]
  const metadata = new Metadata()
  metadata.set('x-error-code', error.code)
  metadata.set('x-request-id', requestId)
  if (error.violations.length === 0) return { code, details: error.message.toWellFormed(), metadata }

  for (let shown = error; ; shown = invalid(shown.violations.slice(0, -1), shown.omitted + 1)) {
    // grpc-js throws for half of a surrogate pair.
    const details = inProto(shown.message).toWellFormed()
    const bytes = badRequest(code, details, shown)
    if (encodeURI(details).length + base64Length(bytes) > MAX_BYTES) continue
    metadata.set('grpc-status-details-bin', bytes)
    return { code, details, metadata }
  }
}

/** A google.rpc.Status with a google.rpc.BadRequest. */
function badRequest(code: status, message: string, { violations }: AppError): Buffer {
  const fieldViolations = violations.map((violation) => ({
    field: inProto(violation.field),
    description: violation.message,
  }))
  const value = Buffer.from(BadRequest.encode({ fieldViolations }).finish())
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.BadRequest', value }]
  return Buffer.from(Status.encode({ code, message, details }).finish())
}

function base64Length({ length }: Buffer): number {
  return Math.ceil(length / 3) * 4
}

/** The rules of input name fields as in JSON; gRPC callers know them as in the .proto file: page_size. */
function inProto(text: string): string {
  return text.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
