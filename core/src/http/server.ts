import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { AppError } from '../errors/app-error.ts'
import { problemResponse } from './problem.ts'

export type HttpServer = AsyncDisposable & { port: number }

/**
 * Serves an application until it is disposed of: then it takes no more connections and lets the requests
 * in hand finish. From `draining` on, each answer asks its client to close the connection, so that keep-alive
 * clients have moved elsewhere by the time the server closes.
 */
export async function serveHttp(options: {
  app: Pick<Hono, 'fetch'>
  host: string
  port: number
  draining: AbortSignal
}): Promise<HttpServer> {
  const listener = getRequestListener(
    (request, env) => {
      if (options.draining.aborted && 'outgoing' in env) env.outgoing.setHeader('connection', 'close')
      return options.app.fetch(request, env)
    },
    { errorHandler: () => unreadable('The request line or a header cannot be read') },
  )
  const server = createServer((incoming, outgoing) => {
    // A connection whose last answer went out before the server closed would stay open until its client leaves.
    outgoing.once('close', () => !server.listening && setImmediate(() => server.closeIdleConnections()))
    void listener(incoming, outgoing)
  })
  server.on('clientError', answerUnparsable)
  await listen(server, options.port, options.host)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => close(server),
  }
}

function unreadable(detail: string): Response {
  return problemResponse(new AppError('malformed', detail), { path: '', requestId: randomUUID() })
}

/** Bytes that are not HTTP never reach the application; they too are answered with a problem. */
function answerUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const response = unreadable(`Not an HTTP/1.1 request: ${error.message}`)
  void response.text().then((body) => {
    const head = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: ${response.headers.get('content-type')}`
    socket.end(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  })
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

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeIdleConnections()
  })
}
