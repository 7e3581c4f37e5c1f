import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog } from '../log/log.ts'
import { createHttpApp } from './app.ts'
import { readJson } from './body.ts'
import { jsonReply } from './reply.ts'
import { serveHttp, type HttpServer } from './server.ts'
import { parsedResponse, rawResponse } from './testing/raw-response.ts'

/** A request whose head cannot be honoured exactly is refused, on every route. */
let server: HttpServer
beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
  app.on('get', '/plain', () => jsonReply({}))
  app.on('get', '/tagged', () => jsonReply({}), ['if-match', 'if-none-match'])
  app.on('post', '/body', async (c) =>
    jsonReply(await readJson(c, { mediaTypes: ['application/json'], maxBytes: 100 })),
  )
  app.on('patch', '/body', async (c) =>
    jsonReply(await readJson(c, { mediaTypes: ['application/merge-patch+json'], maxBytes: 100 })),
  )
  server = await serveHttp({ app, host: '127.0.0.1', port: 0, draining: new AbortController().signal })
})
afterAll(() => server[Symbol.asyncDispose]())

async function send(line: string, headers: readonly string[] = [], body = '') {
  const head = [`${line} HTTP/1.1`, 'Host: a', 'Connection: close', ...headers]
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  return parsedResponse(await rawResponse(server.port, `${[...head, ...length].join('\r\n')}\r\n\r\n${body}`))
}

async function problem(...request: Parameters<typeof send>) {
  const response = await send(...request)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const { code, errors = [] } = JSON.parse(response.body) as { code: string; errors?: { field: string }[] }
  return { ...response, code, fields: errors.map(({ field }) => field) }
}

const json = ['Content-Type: application/json']

describe('a single-valued header on two lines is invalid', () => {
  test.each([
    'Idempotency-Key',
    'Content-Type',
    'X-Request-Id',
    'traceparent',
    'If-Modified-Since',
    'If-Range',
    'Host',
  ])('%s', async (name) => {
    const line = name === 'Host' ? [] : [`${name.toUpperCase()}: k`]
    const { status, code, fields } = await problem('POST /body', [...line, `${name}: k`], '{}')
    expect([status, code]).toEqual([400, 'invalid'])
    expect(fields).toContain(name)
  })

  test('lists and unknown headers may be on several lines', async () => {
    const lists = ['If-None-Match: "1"', 'If-None-Match: "2"', 'X-Forwarded-For: a', 'X-Forwarded-For: b']
    const tracestate = ['traceparent: x', 'tracestate: a=1', 'tracestate: b=2']
    expect((await send('GET /tagged', [...lists, ...tracestate])).status).toBe(200)
  })
})

describe('a precondition that the route does not evaluate is invalid', () => {
  test.each(['If-Match', 'If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'If-Range'])(
    '%s',
    async (name) => {
      for (const request of ['GET /plain', 'POST /body']) {
        const { status, fields } = await problem(request, [`${name}: *`, ...json], '{}')
        expect([status, fields]).toEqual([400, [name]])
      }
      const evaluated = name === 'If-Match' || name === 'If-None-Match'
      expect((await send('GET /tagged', [`${name}: "1"`])).status).toBe(evaluated ? 200 : 400)
      // A response that is not 2xx ignores preconditions.
      expect((await send('GET /nothing', [`${name}: *`])).status).toBe(404)
    },
  )

  test('also behind thousands of other headers', async () => {
    const others = Array.from({ length: 2_100 }, () => 'x:')
    expect((await problem('GET /plain', [...others, 'If-Match: *'])).fields).toEqual(['If-Match'])
  })

  test('If-None-Match takes the place of If-Modified-Since', async () => {
    const date = 'If-Modified-Since: Sat, 14 Mar 2026 09:26:53 GMT'
    expect((await send('GET /tagged', ['If-None-Match: "1"', date])).status).toBe(200)
    expect((await send('GET /tagged', ['If-Match: "1"', date])).status).toBe(400)
  })

  test('all of them are reported together', async () => {
    const headers = ['If-Range: "1"', 'If-Match: *', 'Idempotency-Key: k', 'Idempotency-Key: k']
    expect((await problem('GET /plain', headers)).fields.toSorted()).toEqual([
      'Idempotency-Key',
      'If-Match',
      'If-Range',
    ])
  })
})

test.each(['br', 'gzip', 'identity, gzip', 'x'])(
  'a body with Content-Encoding %s is refused',
  async (coding) => {
    const { status, code, headers } = await problem(
      'POST /body',
      [`Content-Encoding: ${coding}`, ...json],
      '{}',
    )
    expect([status, code, headers.get('accept-encoding')]).toEqual([
      415,
      'unsupported_media_type',
      'identity',
    ])
  },
)

test('Content-Encoding: identity changes nothing', async () => {
  for (const coding of ['identity', 'Identity', '']) {
    expect((await send('POST /body', [`Content-Encoding: ${coding}`, ...json], '{}')).status).toBe(200)
  }
})

test('an unknown transfer coding is refused', async () => {
  const chunked = [...json, 'Transfer-Encoding: gzip, chunked']
  expect((await problem('POST /body', chunked)).status).toBe(400)
})

test('a 415 names what is accepted, with Accept-Patch for a PATCH', async () => {
  const patch = await problem('PATCH /body', json, '{}')
  expect([patch.status, patch.headers.get('accept-patch')]).toEqual([415, 'application/merge-patch+json'])
  const post = await problem('POST /body', ['Content-Type: text/plain'], '{}')
  expect([post.headers.get('accept'), post.headers.get('accept-patch')]).toEqual(['application/json', null])
})

test.each([
  '/plain?search=%FF',
  '/plain?search=%E0%A4',
  '/plain?search=%ED%A0%80',
  '/plain?100%=1',
  '/plain?a=%zz',
  '/%FF',
  '/plain/%C3',
  '/%E0%A4%A',
  '/plain?search=\u00ff',
  '/\u00e9',
])('a target that is not percent-encoded UTF-8 is malformed: %s', async (target) => {
  const { status, code } = await problem(`GET ${target}`)
  expect([status, code]).toEqual([400, 'malformed'])
})

test.each(['/plain?search=%C3%A9+100%25', '/plain?search=%00', '/./plain?a=b"c', '/plain?%F0%9F%AB%96'])(
  'other targets are read: %s',
  async (target) => {
    expect((await send(`GET ${target}`)).status).toBe(200)
  },
)

test('a body that its value does not represent exactly has violations', async () => {
  const { status, body } = await send('POST /body', json, '{"a":1,"a":0.9999999999999999999}')
  expect(status).toBe(200)
  expect(JSON.parse(body)).toEqual({
    value: { a: 1 },
    violations: [
      { field: 'a', message: 'must be given once' },
      { field: 'a', message: 'is not exact: it would become 1' },
    ],
  })
})
