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
  idempotency_mismatch: status.INVALID_ARGUMENT,
  internal: status.INTERNAL,
  overloaded: status.RESOURCE_EXHAUSTED,
  unavailable: status.UNAVAILABLE,
  read_model_behind: status.UNAVAILABLE,
  outcome_unknown: status.UNKNOWN,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
} as const satisfies Record<ErrorKind, status>

/**
 * Trailers above 8 KiB are refused by many clients and proxies (grpc-java's default), with a status of their own. These
 * limits leave 2 KiB for the other trailers.
 */
const MAX_MESSAGE_BYTES = 2_048
const MAX_DETAILS_BYTES = 4_096

/**
 * The error as a gRPC status. Trailers: `x-error-code` (the code), `x-request-id`, and, for invalid fields,
 * `grpc-status-details-bin` with a google.rpc.BadRequest.
 */
export function grpcError(error: AppError, requestId: string): Partial<ServiceError> {
  const code = grpcStatus[error.kind]
  const metadata = new Metadata()
  metadata.set('x-error-code', error.code)
  metadata.set('x-request-id', requestId)
  if (error.violations.length === 0) return { code, details: fitting(error.message), metadata }

  let shown = error
  let bytes = badRequest(code, shown)
  while (base64Length(bytes) > MAX_DETAILS_BYTES) {
    shown = invalid(shown.violations.slice(0, -1), shown.omitted + 1)
    bytes = badRequest(code, shown)
  }
  metadata.set('grpc-status-details-bin', bytes)
  return { code, details: messageOf(shown), metadata }
}

/** A google.rpc.Status with a google.rpc.BadRequest. */
function badRequest(code: status, error: AppError): Buffer {
  const fieldViolations = error.violations.map(({ field, message }) => ({
    field: inProto(field),
    description: message,
  }))
  const value = BadRequest.encode({ fieldViolations }).finish()
  const details = [{ typeUrl: 'type.googleapis.com/google.rpc.BadRequest', value: Buffer.from(value) }]
  return Buffer.from(Status.encode({ code, message: messageOf(error), details }).finish())
}

function messageOf(error: AppError): string {
  return fitting(inProto(error.message))
}

/** grpc-js percent-encodes the message, and throws for half of a surrogate pair. */
function fitting(message: string): string {
  let text = message.toWellFormed()
  // A UTF-16 unit is at most 9 characters when it is encoded.
  while (text.length * 9 > MAX_MESSAGE_BYTES && encodeURI(text).length > MAX_MESSAGE_BYTES) {
    text = text.slice(0, text.length * 0.9).toWellFormed()
  }
  return text
}

function base64Length({ length }: Buffer): number {
  return Math.ceil(length / 3) * 4
}

/** The rules of input name fields as in JSON; gRPC callers know them as in the .proto file: page_size. */
function inProto(text: string): string {
  return text.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
