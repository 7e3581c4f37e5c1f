import { errorCatalogue, type AppError, type ErrorCode } from '../errors/app-error.ts'

/** The status of each error code. */
export const httpStatus = {
  malformed: 400,
  invalid: 400,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  already_exists: 409,
  version_conflict: 412,
  too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  read_model_behind: 503,
  outcome_unknown: 503,
  deadline_exceeded: 504,
} as const satisfies Record<ErrorCode, number>

export const problemMediaType = 'application/problem+json'

/** Seconds after which a repeat is worth while, sent with every retryable error. */
const RETRY_AFTER_S = 1

/** The error as `application/problem+json` (RFC 9457). */
export function problemResponse(
  error: AppError,
  request: { path: string; requestId: string },
  headers: Record<string, string> = {},
): Response {
  const status = httpStatus[error.code]
  const problem = {
    type: `urn:lockstep:problem:${error.code}`,
    title: errorCatalogue[error.code].title,
    status,
    detail: error.message,
    instance: request.path,
    code: error.code,
    requestId: error.requestId ?? request.requestId,
    ...(error.violations.length > 0 && { errors: error.violations }),
  }
  const retry = error.retryable ? { 'retry-after': String(RETRY_AFTER_S) } : {}
  return new Response(JSON.stringify(problem), {
    status,
    headers: { 'content-type': problemMediaType, 'x-request-id': request.requestId, ...retry, ...headers },
  })
}
