import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** For tests: a reverse proxy that serves the server at `port` below `prefix`, which it removes from each path. */
export async function prefixProxy(port: number, prefix: string): Promise<AsyncDisposable & { url: string }> {
  const proxy = createServer((from, to) => {
    const { method, url = '', headers } = from
    if (!url.startsWith(`${prefix}/`)) {
      to.writeHead(502).end(`${url} is not below the prefix`)
      return
    }
    const path = url.slice(prefix.length)
    const forwarded = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      to.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(to)
    })
    forwarded.on('error', () => to.destroy())
    from.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${prefix}`,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
