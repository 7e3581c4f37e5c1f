import { createLog } from '../log/log.ts'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError, invalid } from '../errors/app-error.ts'
import { createHttpApp } from './app.ts'
import { adminApp } from './admin.ts'
import { readJson } from './body.ts'
import { jsonReply } from './reply.ts'
import { serveHttp, type HttpServer } from './server.ts'
import { rawResponse } from './testing/raw-response.ts'

const log = createLog({ service: 'test', level: 'silent' })
let server: HttpServer
let draining: AbortController
let slow: { started: PromiseWithResolvers<void>; finish: PromiseWithResolvers<void> }
let base: string

beforeEach(async () => {
  const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
  slow = { started: Promise.withResolvers(), finish: Promise.withResolvers() }
  app.on('post', '/echo', async (c) => {
    const body = await readJson(c, { mediaTypes: ['application/json'], maxBytes: 100 })
    return jsonReply(body)
  })
  app.on('get', '/slow', async () => {
    slow.started.resolve()
    await slow.finish.promise
    return { status: 200, body: 'done', headers: {} }
  })
  app.on('get', '/fail', () => {
    throw new TypeError('a secret detail')
  })
  app.on('get', '/busy', () => {
    throw new AppError('overloaded', 'Try later')
  })
  app.on('get', '/invalid', () => {
    throw invalid([{ field: 'a', message: 'is wrong' }])
  })
  draining = new AbortController()
  const limits = { stopWithinMs: 1_000, requestArrivesWithinMs: 1_000 }
  server = await serveHttp({ app, host: '127.0.0.1', port: 0, draining: draining.signal, ...limits })
  base = `http://127.0.0.1:${server.port}`
})
afterEach(() => server[Symbol.asyncDispose]())

const post = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') =>
  fetch(`${base}/echo`, { method: 'POST', body, headers: { 'content-type': type } })

const postChunked = (body: string) =>
  fetch(`${base}/echo`, {
    method: 'POST',
    body: new Blob([body]).stream(),
    duplex: 'half',
    headers: { 'content-type': 'application/json' },
  })

const halfSent =
  'POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{'

const responseTo = (bytes: string) => rawResponse(server.port, bytes)

async function problemOf(response: Response | Promise<Response>) {
  const result = await response
  expect(result.headers.get('content-type')).toBe('application/problem+json')
  const problem = (await result.json()) as Record<string, unknown>
  expect(problem['status']).toBe(result.status)
  return [result.status, problem['code']]
}

describe('every error is a problem', () => {
  it.each<[string, () => Promise<Response>, [number, string]]>([
    ['an unknown route', () => fetch(`${base}/nothing`), [404, 'not_found']],
    ['a wrong method', () => fetch(`${base}/echo`, { method: 'DELETE' }), [405, 'method_not_allowed']],
    ['malformed JSON', () => post('{"a":'), [400, 'malformed']],
    ['an empty body', () => post(''), [400, 'malformed']],
    ['bytes that are not UTF-8', () => post(new Uint8Array([34, 0xff, 34])), [400, 'malformed']],
    [
      'another media type',
      () => post('a=1', 'application/x-www-form-urlencoded'),
      [415, 'unsupported_media_type'],
    ],
    [
      'another charset',
      () => post('{}', 'application/json; charset=latin1'),
      [415, 'unsupported_media_type'],
    ],
    ['a body over the limit', () => post(JSON.stringify('x'.repeat(100))), [413, 'too_large']],
    ['a body over the limit without a length', () => postChunked('x'.repeat(101)), [413, 'too_large']],
    ['a bug of ours', () => fetch(`${base}/fail`), [500, 'internal']],
    ['a percent-encoding that is none', () => fetch(`${base}/%E0%A4%A`), [400, 'malformed']],
  ])('%s', async (_, request, expected) => {
    expect(await problemOf(request())).toEqual(expected)
  })

  it('bytes that are not HTTP', async () => {
    const result = await responseTo('NONSENSE\r\n\r\n')
    expect(result).toContain('HTTP/1.1 400')
    expect(result).toContain('"code":"malformed"')
  })

  it.each([
    ['headers that come too late', 'POST /echo HTTP/1.1\r\nhost: a\r\n'],
    ['a body that comes too late', halfSent],
  ])('%s', async (_, sent) => {
    const result = await responseTo(sent)
    expect(result).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/)
    expect(result).toContain('\r\nretry-after: 1\r\n')
    expect(result).toContain('"code":"request_timeout"')
  })

  it('an unexpected error does not show its cause', async () => {
    expect(await (await fetch(`${base}/fail`)).text()).not.toContain('secret')
  })

  it('a wrong method names the right ones', async () => {
    expect((await fetch(`${base}/slow`, { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD')
  })

  it('a repeat that can help is announced', async () => {
    expect((await fetch(`${base}/busy`)).headers.get('retry-after')).toBe('1')
    expect((await fetch(`${base}/invalid`)).headers.get('retry-after')).toBeNull()
  })

  it("carries the caller's request id, or a new one where it is no id", async () => {
    const idFor = async (id: string) =>
      (await fetch(`${base}/nothing`, { headers: { 'x-request-id': id } })).headers.get('x-request-id')
    for (const id of ['abc-1', 'Root=1-6789;Parent=5', 'a/b+c==', 'x'.repeat(255)]) {
      expect(await idFor(id)).toBe(id)
    }
    for (const id of ['no id at all', 'é', 'x'.repeat(256)])
      expect(await idFor(id)).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('is not cached, and neither is a response that says nothing about caches', async () => {
    for (const path of ['/nothing', '/invalid', '/busy', '/fail']) {
      expect((await fetch(base + path)).headers.get('cache-control')).toBe('no-store')
    }
    expect((await post('{}')).headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['application/json;', 200],
    ['application/json; charset=UTF-8', 200],
    ['Application/JSON ; Charset="utf-8" ; q=1', 200],
    ['application/json; odata.metadata=minimal; a="x; charset=latin1"', 200],
    ['application/json; charset=utf-8; charset=latin1', 415],
    ['application/json; charset=', 415],
    ['application/json, text/plain', 415],
    ['application/jsonx', 415],
  ])('of the media types, only another charset or type is one: %s', async (type, status) => {
    const response = await post('{}', type)
    expect(response.status).toBe(status)
    if (status === 415) expect(response.headers.get('accept')).toBe('application/json')
  })
})

describe('a server that stops', () => {
  it('waits a limited time for a request in progress', async () => {
    const result = fetch(`${base}/slow`)
    await slow.started.promise
    const end = result.then(
      () => 'responded',
      () => 'cut',
    )
    await server[Symbol.asyncDispose]()
    expect(await end).toBe('cut')
    slow.finish.resolve()
    server = { port: 0, [Symbol.asyncDispose]: async () => {} }
  })

  it('finishes the request in progress and accepts no new one', async () => {
    const result = fetch(`${base}/slow`)
    await slow.started.promise
    expect((await fetch(`${base}/echo`)).status).toBe(405)
    const closed = server[Symbol.asyncDispose]()
    await expect(fetch(`${base}/echo`)).rejects.toThrow()
    slow.finish.resolve()
    expect(await (await result).text()).toBe('done')
    await closed
    server = { port: 0, [Symbol.asyncDispose]: async () => {} }
  })

  it('asks its clients to go elsewhere while it drains', async () => {
    draining.abort()
    expect((await fetch(`${base}/nothing`)).headers.get('connection')).toBe('close')
  })
})

describe('the admin endpoints', () => {
  const admin = (checkReady: () => Promise<void>) =>
    adminApp({ metrics: new Registry(), draining: draining.signal, checkReady })

  it('are live whatever the dependencies do, and ready only with them', async () => {
    const down = admin(() => Promise.reject(new Error('no database')))
    expect((await down.request('/live')).status).toBe(200)
    expect((await down.request('/ready')).status).toBe(503)
    expect((await admin(async () => {}).request('/ready')).status).toBe(200)
  })

  it('are not ready while the service stops', async () => {
    draining.abort()
    expect((await admin(async () => {}).request('/ready')).status).toBe(503)
  })
})
