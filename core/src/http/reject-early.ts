import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { AppError } from '../errors/app-error.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { HttpError, problemReply, type Reply } from './reply.ts'

/** Requests that never reach the application get problems too: what Node itself would answer has no body. */
export function rejectEarly(server: Server, idleTimeoutMs: number): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) {
      // Load balancers open connections in advance. One without a first request is idle, not late.
      socket.setTimeout(idleTimeoutMs)
    } else {
      endWith(socket, problemOf(parserError(error)))
    }
  })
  server.on('checkExpectation', (incoming, outgoing) =>
    respondWith(
      outgoing,
      problemOf(new AppError('expectation_failed', 'Expect may only be 100-continue'), incoming),
    ),
  )
  server.on('connect', (incoming, socket) => {
    const error = new HttpError('method_not_allowed', 'This server is not a proxy', { allow: '' })
    endWith(socket, problemOf(error, incoming))
  })
}

/** RFC 9112, 3.2: a request of HTTP/1.1 names its host. One of HTTP/1.0 need not. */
export function rejectWithoutHost(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  if (incoming.headers.host !== undefined || incoming.httpVersion !== '1.1') return false
  outgoing.setHeader('connection', 'close')
  respondWith(outgoing, problemOf(new AppError('malformed', 'The Host header is missing'), incoming))
  return true
}

export function unreadableRequest(): Reply & { body: string } {
  return problemOf(new AppError('malformed', 'The request line or a header cannot be read'))
}

function parserError({ code, message }: NodeJS.ErrnoException): AppError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new AppError('request_timeout', 'The request did not arrive in time; nothing was done')
  if (code === 'HPE_HEADER_OVERFLOW')
    return new AppError('headers_too_large', 'The request line and the headers are larger than 16 KiB')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return new AppError('too_large', 'The extensions of the chunks are larger than 16 KiB')
  return new AppError('malformed', `Not an HTTP/1.1 request: ${message}`)
}

function problemOf(error: AppError, incoming?: IncomingMessage): Reply & { body: string } {
  const requestId = requestIdOf(incoming?.headers['x-request-id'] as string | undefined)
  const target = incoming?.url?.startsWith('/') ? incoming.url : ''
  const reply = problemReply(error, { target, requestId })
  return { ...reply, headers: { ...reply.headers, 'x-request-id': requestId } }
}

function respondWith(outgoing: ServerResponse, { status, body, headers }: Reply & { body: string }): void {
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

function endWith(socket: Duplex, { status, body, headers }: Reply & { body: string }): void {
  const all = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) }
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  // Without this, the request stays in progress until the client closes its side.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n${body}`, () =>
    socket.destroy(),
  )
}
