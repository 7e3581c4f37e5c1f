import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toxiproxyBinary } from '../artefacts.ts'
import { type Server, runServer } from '../server.ts'
import { answersOk } from './http-readiness.ts'

export type Toxic = {
  type: 'latency' | 'timeout' | 'reset_peer' | 'limit_data' | 'bandwidth' | 'slow_close' | 'slicer'
  attributes: Record<string, number>
  /** downstream (the default): the bytes to the client; upstream: the bytes to the server. */
  stream?: 'downstream' | 'upstream'
}

export type ToxiproxyServer = Server & {
  /** Forwards the port `listen` to the port `upstream`, both on the loopback. */
  proxy(listen: number, upstream: number): Promise<Proxy>
  /** Enables every proxy and removes every fault. */
  reset(): Promise<void>
}

export type Proxy = {
  /** Injects the fault; the returned function heals it. */
  inject(toxic: Toxic): Promise<() => Promise<void>>
  /** Closes the connections and refuses new ones until it is enabled again. */
  enable(enabled: boolean): Promise<void>
}

export async function startToxiproxy({ dir, port }: { dir: string; port: number }): Promise<ToxiproxyServer> {
  const home = join(dir, 'toxiproxy')
  await mkdir(home, { recursive: true })
  const api = `http://127.0.0.1:${port}`
  const server = await runServer({
    name: 'toxiproxy',
    dir: home,
    command: [await toxiproxyBinary(), '-host', '127.0.0.1', '-port', String(port)],
    ports: [port],
    ready: () => answersOk(`${api}/version`),
  })
  return Object.assign(server, {
    reset: async () => void (await call(`${api}/reset`, 'POST')),
    async proxy(listen: number, upstream: number): Promise<Proxy> {
      const name = `port-${listen}`
      const addresses = { listen: `127.0.0.1:${listen}`, upstream: `127.0.0.1:${upstream}` }
      await call(`${api}/proxies`, 'POST', { name, ...addresses, enabled: true })
      return {
        async inject(toxic) {
          const added = await call(`${api}/proxies/${name}/toxics`, 'POST', toxic)
          const { name: toxicName } = (await added.json()) as { name: string }
          return async () => void (await call(`${api}/proxies/${name}/toxics/${toxicName}`, 'DELETE'))
        },
        enable: async (enabled) => void (await call(`${api}/proxies/${name}`, 'POST', { enabled })),
      }
    },
  })
}

async function call(url: string, method: string, body?: unknown): Promise<Response> {
  const response = await fetch(url, { method, body: JSON.stringify(body) })
  if (!response.ok) {
    throw new Error(`toxiproxy: ${method} ${url}: ${response.status} ${await response.text()}`)
  }
  return response
}
