import { AppError, type ErrorCode, type ErrorKind } from '../errors/app-error.ts'

/** The status of each kind of error. */
export const httpStatus = {
  malformed: 400,
  invalid: 400,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  version_conflict: 412,
  precondition: 409,
  too_large: 413,
  unsupported_media_type: 415,
  expectation_failed: 417,
  idempotency_mismatch: 422,
  headers_too_large: 431,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  read_model_behind: 503,
  outcome_unknown: 503,
  deadline_exceeded: 504,
} as const satisfies Record<ErrorKind, number>

export const problemMediaType = 'application/problem+json'

/** Seconds before a repeat makes sense; sent with every retryable error. */
const RETRY_AFTER_S = 1

/** Responses that say nothing else: a cache must not store them. */
export const notCached = { 'cache-control': 'no-store' }

/** An error whose response has further headers, for example `Allow`. */
export class HttpError extends AppError {
  readonly headers: Readonly<Record<string, string>>

  constructor(error: ErrorCode, detail: string, headers: Readonly<Record<string, string>>) {
    super(error, detail)
    this.headers = headers
  }
}

/** What a handler returns: the parts of a response. Without `cache-control`, no cache stores it. */
export type Reply = {
  status: number
  body: string | Uint8Array<ArrayBuffer> | null
  headers: Record<string, string>
}

export function jsonReply(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } }
}

/** The request that a problem is about: its target as in the request line, and its id. */
export type ProblemRequest = { target: string; requestId: string }

/** The error as `application/problem+json` (RFC 9457). */
export function problemReply(error: AppError, request: ProblemRequest): Reply & { body: string } {
  const retry: Record<string, string> = error.retryable ? { 'retry-after': String(RETRY_AFTER_S) } : {}
  const more = error instanceof HttpError ? error.headers : {}
  return {
    status: httpStatus[error.kind],
    body: JSON.stringify(problemBody(error, request)),
    headers: { 'content-type': problemMediaType, ...notCached, ...retry, ...more },
  }
}

export function problemBody(error: AppError, request: ProblemRequest) {
  return {
    type: `urn:lockstep:problem:${error.code}`,
    title: error.title,
    status: httpStatus[error.kind],
    detail: error.message,
    instance: instanceOf(request.target),
    code: error.code,
    requestId: error.requestId ?? request.requestId,
    ...(error.violations.length > 0 && { errors: error.violations }),
  }
}

/** Longer paths are cut: a response must not echo kilobytes. */
const MAX_INSTANCE = 256

/** The path of the request as a URI reference (RFC 3986): what a path may not contain is percent-encoded. */
function instanceOf(target: string): string {
  const path = target
    .replace(/[?#].*$/s, '')
    .slice(0, MAX_INSTANCE)
    // Two slashes at the beginning would name a host.
    .replace(/^\/(?=\/)/, '/./')
  return path.replaceAll(/%(?![\da-fA-F]{2})|[^\w.~!$&'()*+,;=:@/%-]/g, (part) =>
    encodeURIComponent(part.toWellFormed()),
  )
}

/** The version is the entity tag: two responses with the same version have the same bytes. */
export function etagOf(version: number): string {
  return `"${version}"`
}
