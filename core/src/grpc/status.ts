import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import type { AppError, ErrorKind } from '../errors/app-error.ts'

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
  too_large: status.RESOURCE_EXHAUSTED,
  unsupported_media_type: status.INVALID_ARGUMENT,
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
 * The error as a gRPC status. Trailers: `x-error-code` (the code), `x-request-id`, and, for invalid fields,
 * `grpc-status-details-bin` with a google.rpc.BadRequest.
 */
export function grpcError(error: AppError, requestId: string): Partial<ServiceError> {
  const code = grpcStatus[error.kind]
  const metadata = new Metadata()
  metadata.set('x-error-code', error.code)
  metadata.set('x-request-id', requestId)
  if (error.violations.length > 0) {
    metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(badRequest(code, error)).finish()))
  }
  return { code, details: error.violations.length > 0 ? inProto(error.message) : error.message, metadata }
}

function badRequest(code: status, error: AppError): Status {
  const fieldViolations = error.violations.map(({ field, message }) => ({
    field: inProto(field),
    description: message,
  }))
  const value = Buffer.from(BadRequest.encode({ fieldViolations }).finish())
  return {
    code,
    message: inProto(error.message),
    details: [{ typeUrl: 'type.googleapis.com/google.rpc.BadRequest', value }],
  }
}

/** The rules of input name fields as in JSON; gRPC callers know them as in the .proto file: page_size. */
function inProto(text: string): string {
  return text.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
