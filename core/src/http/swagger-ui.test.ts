import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog } from '../log/log.ts'
import { createHttpApp } from './app.ts'
import { jsonReply } from './reply.ts'
import { serveHttp, type HttpServer } from './server.ts'
import { serveApiDocs } from './swagger-ui.ts'
import { prefixProxy } from './testing/prefix-proxy.ts'

let server: HttpServer
let proxy: AsyncDisposable & { url: string }
beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
  app.on('get', '/things', () => jsonReply({ things: 1 }))
  serveApiDocs(app, { title: 'Things', description: '' })
  server = await serveHttp({ app, host: '127.0.0.1', port: 0, draining: new AbortController().signal })
  proxy = await prefixProxy(server.port, '/shop/api')
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe.each([
  ['directly', () => `http://127.0.0.1:${server.port}`],
  ['behind a proxy that removes a prefix', () => proxy.url],
])('the docs, %s', (_, base) => {
  test.each(['/', '/docs', '/docs/', '/swagger', '/swagger/', '/swagger/index.html'])(
    '%s leads to the page, with all its files and the document',
    async (path) => {
      const page = await fetch(base() + path)
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toMatch(/^text\/html/)
      const html = await page.text()
      const addresses = [...html.matchAll(/(?:href|src)="([^"]+)"|url: '([^']+)'/g)].map(
        ([, a, b]) => a ?? b!,
      )
      expect(addresses).toHaveLength(4)
      for (const address of addresses) {
        const response = await fetch(new URL(address, page.url))
        expect([address, response.status]).toEqual([address, 200])
        expect(response.headers.get('cache-control')).toMatch(/^(no-cache|public, max-age=3600)$/)
        if (!address.endsWith('openapi.json')) {
          await response.body?.cancel()
          continue
        }
        const { servers } = (await response.json()) as { servers: { url: string }[] }
        const root = new URL(servers[0]!.url, response.url)
        expect(await (await fetch(new URL('things', root))).json()).toEqual({ things: 1 })
      }
    },
  )
})
