import { randomUUID } from 'node:crypto'
import { createServer, STATUS_CODES, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { AppError } from '../errors/app-error.ts'
import { stopServer } from '../lifecycle/stop-server.ts'
import { problemReply, type Reply } from './reply.ts'

export type HttpServer = AsyncDisposable & { port: number }

/** Requests are small. With Node's 300 s, a few slow uploads could use up the limit of requests in flight for minutes. */
const REQUEST_ARRIVES_WITHIN_MS = 10_000

/**
 * Serves an application until it is disposed of: then it accepts no more connections and finishes the requests in
 * progress, within a limit. From `draining` on, each response asks its client to close the connection, so that
 * keep-alive clients have left before the server closes.
 */
export async function serveHttp(options: {
  app: { fetch: (request: Request, env: object) => Response | Promise<Response> }
  host: string
  port: number
  draining: AbortSignal
  stopWithinMs?: number
  requestArrivesWithinMs?: number
}): Promise<HttpServer> {
  const arrivesWithinMs = options.requestArrivesWithinMs ?? REQUEST_ARRIVES_WITHIN_MS
  const listener = getRequestListener(
    (request, env) => {
      if (options.draining.aborted && 'outgoing' in env) env.outgoing.setHeader('connection', 'close')
      return options.app.fetch(request, env)
    },
    {
      errorHandler: () => {
        const { body, ...init } = problemOf(
          new AppError('malformed', 'The request line or a header cannot be read'),
        )
        return new Response(body, init)
      },
    },
  )
  const limits = {
    requestTimeout: arrivesWithinMs,
    headersTimeout: arrivesWithinMs,
    // How often Node checks for late requests; its default is 30 s.
    connectionsCheckingInterval: Math.min(1_000, arrivesWithinMs),
  }
  const server = createServer(limits, (incoming, outgoing) => {
    // A connection whose last response was sent before the server closed would stay open until its client leaves.
    outgoing.once('close', () => !server.listening && setImmediate(() => server.closeIdleConnections()))
    void listener(incoming, outgoing)
  })
  server.on('clientError', respondToUnparsable)
  await listen(server, options.port, options.host)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      stopServer(
        (done) => {
          server.close(done)
          server.closeIdleConnections()
        },
        () => server.closeAllConnections(),
        options.stopWithinMs,
      ),
  }
}

/** For a request that never reaches the application. */
function problemOf(error: AppError): Reply & { body: string } {
  const requestId = randomUUID()
  return problemReply(error, { path: '', requestId }, { 'x-request-id': requestId })
}

/** Bytes that are not HTTP, and requests that arrive too slowly, get a problem too, though not from the application. */
function respondToUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, body, headers } = problemOf(
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new AppError('request_timeout', 'The request did not arrive in time; nothing was done')
      : new AppError('malformed', `Not an HTTP/1.1 request: ${error.message}`),
  )
  const all = { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) }
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  // Without this, the request stays in progress until the client closes its side.
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}\r\n${body}`, () =>
    socket.destroy(),
  )
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
