import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { stopServer } from '../lifecycle/stop-server.ts'
import { rejectEarly, rejectWithoutHost, unreadableRequest } from './reject-early.ts'

export type HttpServer = AsyncDisposable & { port: number }

/** Requests are small. With Node's 300 s, a few slow uploads could use up the limit of requests in flight for minutes. */
const REQUEST_ARRIVES_WITHIN_MS = 10_000

/** Load balancers reuse idle connections for 60 s; one that closes first makes them answer 502 now and then. */
export const IDLE_TIMEOUT_MS = 75_000

/**
 * Serves an application until it is disposed of: then it accepts no more connections and finishes the requests in
 * progress, within a limit. From `draining` on, each response asks its client to close the connection, so that
 * keep-alive clients have left before the server closes; connections that are idle then are closed at once.
 *
 * @param options.idleTimeoutMs how long a connection without a request stays open
 */
export async function serveHttp(options: {
  app: { fetch: (request: Request, env: object) => Response | Promise<Response> }
  host: string
  port: number
  draining: AbortSignal
  stopWithinMs?: number
  requestArrivesWithinMs?: number
  idleTimeoutMs?: number
}): Promise<HttpServer> {
  const arrivesWithinMs = options.requestArrivesWithinMs ?? REQUEST_ARRIVES_WITHIN_MS
  const idleTimeoutMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS
  const listener = getRequestListener(
    (request, env) => {
      if (options.draining.aborted && 'outgoing' in env) env.outgoing.setHeader('connection', 'close')
      return options.app.fetch(request, env)
    },
    {
      // For a request of HTTP/1.0, which may have no Host.
      hostname: 'localhost',
      errorHandler: () => {
        const { body, ...init } = unreadableRequest()
        return new Response(body, init)
      },
    },
  )
  const limits = {
    requestTimeout: arrivesWithinMs,
    headersTimeout: arrivesWithinMs,
    // How often Node checks for late requests; its default is 30 s.
    connectionsCheckingInterval: Math.min(1_000, arrivesWithinMs),
    keepAliveTimeout: idleTimeoutMs,
    // Node would respond without a body.
    requireHostHeader: false,
  }
  const server = createServer(limits, (incoming, outgoing) => {
    // A connection whose last response was sent before the server closed would stay open until its client leaves.
    outgoing.once('close', () => !server.listening && setImmediate(() => server.closeIdleConnections()))
    if (!rejectWithoutHost(incoming, outgoing)) void listener(incoming, outgoing)
  })
  // Node would drop further headers without a word; their size is limited anyway.
  server.maxHeadersCount = 0
  rejectEarly(server, idleTimeoutMs)
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  await listen(server, options.port, options.host)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () =>
      stopServer(
        (done) => {
          server.close(done)
          server.closeIdleConnections()
          // To Node, a connection that has never sent anything is not idle.
          for (const socket of connections) if (socket.bytesRead === 0) socket.destroy()
        },
        () => server.closeAllConnections(),
        options.stopWithinMs,
      ),
  }
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
