import type { AppError, ErrorKind } from '../errors/app-error.ts'

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
  idempotency_mismatch: 422,
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

/** What a handler returns: the parts of a response. */
export type Reply = {
  status: number
  body: string | Uint8Array<ArrayBuffer> | null
  headers: Record<string, string>
}

export function jsonReply(value: unknown, status = 200, headers: Record<string, string> = {}): Reply {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json', ...headers } }
}

/** The error as `application/problem+json` (RFC 9457). */
export function problemReply(
  error: AppError,
  request: { path: string; requestId: string },
  headers: Record<string, string> = {},
): Reply & { body: string } {
  const retry: Record<string, string> = error.retryable ? { 'retry-after': String(RETRY_AFTER_S) } : {}
  return {
    status: httpStatus[error.kind],
    body: JSON.stringify(problemBody(error, request)),
    headers: { 'content-type': problemMediaType, ...retry, ...headers },
  }
}

export function problemBody(error: AppError, request: { path: string; requestId: string }) {
  return {
    type: `urn:lockstep:problem:${error.code}`,
    title: error.title,
    status: httpStatus[error.kind],
    detail: error.message,
    instance: request.path,
    code: error.code,
    requestId: error.requestId ?? request.requestId,
    ...(error.violations.length > 0 && { errors: error.violations }),
  }
}

/** The version is the entity tag: two responses with the same version have the same bytes. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** Whether `If-None-Match` names this tag; weak and strong tags are compared alike (RFC 9110, 13.1.2). */
export function noneMatchHas(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return [...header.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag)
}
