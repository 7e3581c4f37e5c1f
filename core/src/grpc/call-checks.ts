import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Server } from '@grpc/grpc-js'
import { MAX_TIMER_MS } from '../async/with-timeout.ts'
import { AppError, invalid, quoted, type FieldViolation } from '../errors/app-error.ts'
import { httpStatus } from '../http/reply.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { grpcError } from './status.ts'

/**
 * Checks the headers of every call before grpc-js sees them, and clamps a distant deadline. grpc-js accepts or repairs
 * much that is wrong with them, and responds to the rest with INTERNAL, or without our trailers.
 */

/** Two values of one of these have no meaning: Node joins them with a comma, or drops the second. */
const singleValued = new Set([
  'content-type',
  'grpc-encoding',
  'grpc-timeout',
  'idempotency-key',
  'traceparent',
  'x-request-id',
])

/** grpc-js would ignore a value with another character. */
const printable = /^[ -~]*$/

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: messages are protobuf, with or without the name. */
const mediaType = /^application\/grpc(\+proto)?\s*(;|$)/i

const timeoutPattern = /^(\d{1,8})([HMSmun])$/
const unitMs = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/** The longest timeout, in hours, that grpc-js can wait for: 24 days and 20 hours. */
const LONGEST_HOURS = Math.floor(MAX_TIMER_MS / unitMs.H)

/** Node's limit, beyond which it resets the call with a code that clients take for an overload. */
const MAX_HEADERS = 128
/** More than HTTP/2 can carry: Node's parser ends the connection at about 128 KiB of headers. */
const NO_LIMIT = 100_000

type Handler = (
  extraInterceptors: unknown,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void

/** The parts of the class Server of grpc-js 1.14 that are used here; its types call them private. */
type Internals = {
  commonServerOptions: { maxHeaderListPairs?: number }
  handlers: ReadonlyMap<string, unknown>
  _channelzHandler: Handler
}

/**
 * Call this before `bindAsync`. A server without channelz has another handler; grpc-js 1.14 does not close the
 * connections of such a server when it is stopped.
 */
export function checkCalls(server: Server): void {
  const internals = server as unknown as Internals
  const handle = internals._channelzHandler
  internals.commonServerOptions.maxHeaderListPairs = NO_LIMIT
  internals._channelzHandler = (interceptors, stream, headers, flags, rawHeaders) => {
    const error = errorOf(internals, headers, rawHeaders)
    if (error) respond(stream, headers, error)
    else handle.call(server, interceptors, stream, headers, flags, rawHeaders)
  }
}

function errorOf(
  { handlers }: Internals,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): AppError | undefined {
  const { ':path': path = '', ':method': method = '' } = headers
  if (method !== 'POST') return new AppError('method_not_allowed', 'A gRPC call is a POST request')
  if (!mediaType.test(headers['content-type'] ?? '')) {
    return new AppError('unsupported_media_type', 'Send messages as application/grpc')
  }
  if (!handlers.has(path)) {
    return new AppError('method_not_allowed', `This server has no method ${quoted(path)}`)
  }
  if (rawHeaders.length > 2 * MAX_HEADERS) {
    return new AppError('headers_too_large', `The call has more than ${MAX_HEADERS} headers`)
  }
  const violations = violationsOf(rawHeaders)
  if (violations.length > 0) return invalid(violations)
  const timeout = headers['grpc-timeout']
  return timeout === undefined ? undefined : checkTimeout(headers, String(timeout))
}

/** @param rawHeaders names and values in turn, as they were sent */
function violationsOf(rawHeaders: readonly string[]): FieldViolation[] {
  const violations: FieldViolation[] = []
  const seen: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [field, value] = [rawHeaders[at]!, rawHeaders[at + 1]!]
    if (!singleValued.has(field)) continue
    if (seen.includes(field)) violations.push({ field, message: 'must be sent once' })
    if (!printable.test(value)) violations.push({ field, message: 'must have printable ASCII characters' })
    seen.push(field)
  }
  return violations
}

/** grpc-js finds a timeout anywhere in the value, also in `-1S`, and computes with 32 bits. */
function checkTimeout(headers: IncomingHttpHeaders, timeout: string): AppError | undefined {
  const [, amount, unit] = timeoutPattern.exec(timeout) ?? []
  if (amount === undefined) {
    const detail = `grpc-timeout ${quoted(timeout)} is not 1-8 digits and one of the units H, M, S, m, u and n`
    return new AppError('malformed', detail)
  }
  const ms = Number(amount) * unitMs[unit as keyof typeof unitMs]
  if (ms > LONGEST_HOURS * unitMs.H) headers['grpc-timeout'] = `${LONGEST_HOURS}H`
  return undefined
}

/** A response that consists of trailers. What is not a gRPC call gets the status of HTTP too. */
function respond(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, error: AppError): void {
  const { code, details = '', metadata } = grpcError(error, requestIdOf(headers['x-request-id']?.toString()))
  const isCall = headers[':method'] === 'POST' && mediaType.test(headers['content-type'] ?? '')
  stream.on('error', () => {
    // The caller has disconnected.
  })
  stream.respond(
    {
      ':status': isCall ? 200 : httpStatus[error.kind],
      'content-type': 'application/grpc+proto',
      'grpc-status': code,
      'grpc-message': encodeURI(details),
      ...metadata?.toHttp2Headers(),
    },
    { endStream: true },
  )
  // Discards what the caller still sends.
  stream.resume()
}
