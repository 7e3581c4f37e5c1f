import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { serveHttp, type HttpServer } from './server.ts'
import { parsedResponse, rawResponse } from './testing/raw-response.ts'

/** What callers see of requests that never reach an application, and how long their connections live. */
const limits = { requestArrivesWithinMs: 200, idleTimeoutMs: 2_000, stopWithinMs: 20_000 }
let server: HttpServer
beforeEach(async () => {
  const app = new Hono().all('/here', (c) => c.text('here'))
  const draining = new AbortController().signal
  server = await serveHttp({ app, host: '127.0.0.1', port: 0, draining, ...limits })
})
afterEach(() => server[Symbol.asyncDispose]())

const longHeader = `GET /here HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`

describe('a request that never reaches the application gets a problem', () => {
  test.each([
    ['headers over the limit', longHeader, 431, 'headers_too_large'],
    ['a target over the limit', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`, 431, 'headers_too_large'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n', 400, 'malformed'],
    ['another version', 'GET /here HTTP/3.0\r\nHost: a\r\n\r\n', 400, 'malformed'],
    ['no Host', 'GET /here HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed'],
    ['a Host that is none', 'GET /here HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400, 'malformed'],
    [
      'two lengths',
      'POST /here HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
      400,
      'malformed',
    ],
    [
      'another expectation',
      'POST /here HTTP/1.1\r\nHost: a\r\nExpect: a-miracle\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      417,
      'expectation_failed',
    ],
    ['CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n', 405, 'method_not_allowed'],
    ['a request that ends early', 'POST /here HTTP/1.1\r\nHost: a\r\n', 408, 'request_timeout'],
  ])('%s', async (_, bytes, status, code) => {
    const response = parsedResponse(await rawResponse(server.port, bytes))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const problem = JSON.parse(response.body) as Record<string, unknown>
    expect(problem).toMatchObject({ status, code, requestId: response.headers.get('x-request-id') })
  })
})

test("its problem has the caller's request id and path, as far as they are known", async () => {
  const bytes = 'GET /here?x=1 HTTP/1.1\r\nX-Request-Id: Root=1-2\r\nConnection: close\r\n\r\n'
  const { body } = parsedResponse(await rawResponse(server.port, bytes))
  expect(JSON.parse(body)).toMatchObject({ requestId: 'Root=1-2', instance: '/here' })
})

test.each([
  ['HTTP/1.0 without a Host', 'GET /here HTTP/1.0\r\n\r\n'],
  ['an empty Host', 'GET /here HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n'],
  [
    'an offer of another protocol',
    'GET /here HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  [
    'an announced body',
    'POST /here HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx',
  ],
])('%s is served', async (_, bytes) => {
  expect(await rawResponse(server.port, bytes, 'here')).toContain(' 200 OK\r\n')
})

describe('an idle connection', () => {
  const keepAlive = 'GET /here HTTP/1.1\r\nHost: a\r\n\r\n'

  async function connection() {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => (text += part.toString()))
    const closed = once(socket, 'close')
    await once(socket, 'connect')
    return { socket, closed, received: () => text }
  }

  test('stays open for the time that is set, which the response announces', async () => {
    const { socket, closed, received } = await connection()
    socket.write(keepAlive)
    await expect.poll(received).toContain('here')
    expect(received().toLowerCase()).toContain('keep-alive: timeout=2')
    const idleSince = performance.now()
    await closed
    expect(performance.now() - idleSince).toBeGreaterThan(1_900)
  })

  test('that was opened in advance stays open longer than a request may take, and is then served', async () => {
    const { socket, closed, received } = await connection()
    await sleep(600)
    expect(socket.readyState).toBe('open')
    expect(received()).toBe('')
    socket.write(keepAlive)
    await expect.poll(received).toContain('here')
    await closed
  })

  test.each([true, false])('does not delay a stop; used before: %s', async (used) => {
    const { socket, closed, received } = await connection()
    if (used) {
      socket.write(keepAlive)
      await expect.poll(received).toContain('here')
    }
    const began = performance.now()
    await server[Symbol.asyncDispose]()
    await closed
    expect(performance.now() - began).toBeLessThan(1_500)
    server = { port: 0, [Symbol.asyncDispose]: async () => {} }
  })
})
