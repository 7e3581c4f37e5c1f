import { once } from 'node:events'
import net from 'node:net'
import { freePort } from '@lockstep/local-infra/ports.ts'

export type DelayedProxy = AsyncDisposable & { url: string; start: () => Promise<void> }

/** A TCP proxy to the target that refuses connections until it is started. */
export async function delayedProxy(target: string): Promise<DelayedProxy> {
  const { hostname, port: upstreamPort } = new URL(target)
  const port = await freePort()
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(upstreamPort), hostname)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    client.pipe(upstream).pipe(client)
  })
  return {
    url: Object.assign(new URL(target), { port: String(port) }).href,
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
