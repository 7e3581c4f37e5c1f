import type { IncomingHttpHeaders } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import { AppError, type FieldViolation, invalid } from '../errors/app-error.ts'
import { HttpError } from './reply.ts'

/**
 * The checks of the request line and the headers, before any route reads them. Node keeps the first of two headers or
 * joins them, and an unknown precondition would have no effect: a request that cannot be honoured exactly is refused.
 */

/** The headers that a request may have once. Lists, like `If-None-Match`, may be on several lines (RFC 9110, 5.3). */
const singleValued = new Map(
  [
    'Host',
    'Content-Type',
    'Content-Length',
    'Expect',
    'Idempotency-Key',
    'If-Modified-Since',
    'If-Unmodified-Since',
    'If-Range',
    'X-Request-Id',
    'traceparent',
  ].map((name) => [name.toLowerCase(), name]),
)

/** The preconditions of RFC 9110, section 13.1. */
const preconditions = {
  'if-match': 'If-Match',
  'if-none-match': 'If-None-Match',
  'if-modified-since': 'If-Modified-Since',
  'if-unmodified-since': 'If-Unmodified-Since',
  'if-range': 'If-Range',
} as const

export type Precondition = keyof typeof preconditions

const isPrecondition = (name: string): name is Precondition => Object.hasOwn(preconditions, name)

/** For a route whose responses are never 2xx: it ignores preconditions (RFC 9110, 13.2.1). */
export const ignoresPreconditions = Object.keys(preconditions).filter(isPrecondition)

/** The headers of a request, with names in lower case. Cheaper than `c.req.header()`, which searches for each name. */
export function headersOf(c: Context): IncomingHttpHeaders {
  return incomingOf(c)?.headers ?? Object.fromEntries(c.req.raw.headers)
}

/** Undefined in a test that calls the application without a server. */
const incomingOf = (c: Context) => (c.env as Partial<HttpBindings> | undefined)?.incoming

/**
 * Throws `malformed` for a target with bytes that are not percent-encoded UTF-8, `unsupported_media_type` for an encoded
 * body, and one `invalid` for all repeated headers and all preconditions that the route does not evaluate.
 */
export function checkHead(c: Context, evaluated: readonly Precondition[]): void {
  const incoming = incomingOf(c)
  checkTarget(c.req.url)
  const headers = headersOf(c)
  const names = Object.keys(headers)
  const repeated =
    incoming !== undefined && incoming.rawHeaders.length !== names.length * 2
      ? repeatedIn(incoming.rawHeaders)
      : none
  let refused = none
  for (const name of names) {
    if (name.startsWith('if-') && isPrecondition(name)) {
      if (!isEvaluated(name, headers, evaluated)) refused = [...refused, notEvaluated(name)]
    } else if (name === 'content-encoding' || name === 'transfer-encoding') {
      checkEncoding(name, String(headers[name]))
    }
  }
  if (repeated.length + refused.length > 0) throw invalid([...repeated, ...refused])
}

const none: readonly FieldViolation[] = []

/** Node refuses bytes that are not ASCII. */
function checkTarget(url: string): void {
  if (!url.includes('%')) return
  try {
    decodeURIComponent(url)
  } catch {
    throw new AppError('malformed', 'The path or the query has a percent-encoding that is not UTF-8')
  }
}

function repeatedIn(rawHeaders: readonly string[]): readonly FieldViolation[] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const repeated = [...singleValued].filter(([name]) => names.indexOf(name) !== names.lastIndexOf(name))
  return repeated.map(([, field]) => ({ field, message: 'must be sent once' }))
}

/** `If-None-Match` takes the place of `If-Modified-Since`, which is for servers that know no tags (RFC 9110, 13.2.2). */
function isEvaluated(
  name: Precondition,
  headers: IncomingHttpHeaders,
  evaluated: readonly Precondition[],
): boolean {
  if (evaluated.includes(name)) return true
  return name === 'if-modified-since' && 'if-none-match' in headers && evaluated.includes('if-none-match')
}

function notEvaluated(name: Precondition): FieldViolation {
  return { field: preconditions[name], message: 'is not a precondition of this request' }
}

function checkEncoding(name: 'content-encoding' | 'transfer-encoding', value: string): void {
  const only = name === 'content-encoding' ? 'identity' : 'chunked'
  if (value.split(',').every((coding) => ['', only].includes(coding.trim().toLowerCase()))) return
  if (name === 'transfer-encoding') throw new AppError('malformed', 'Transfer-Encoding must be chunked')
  throw new HttpError('unsupported_media_type', 'Send the body without a Content-Encoding', {
    'accept-encoding': 'identity',
  })
}
