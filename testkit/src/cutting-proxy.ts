import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

/** What the proxy does with the next bytes that a client sends. */
export type Cut =
  /** The server receives them and responds; the response is lost together with the connection. */
  | 'response'
  /** They are lost together with the connection. */
  | 'request'
  /** The server receives them. The client's side of the connection ends at once, the server's side never. */
  | 'half-open'

/** A TCP proxy in front of a server, to lose connections at a chosen moment. */
export async function cuttingProxy(target: URL) {
  const sockets = new Set<Socket>()
  let armed: Cut | undefined
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    let cut: Cut | undefined
    for (const socket of [client, upstream]) {
      sockets.add(socket.on('error', () => {}))
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (bytes) => {
      if (armed !== undefined) [cut, armed] = [armed, undefined]
      if (cut !== 'request') upstream.write(bytes)
      if (cut === 'half-open') client.destroy()
      if (cut === 'request') for (const socket of [client, upstream]) socket.destroy()
    })
    upstream.on('data', (bytes) => {
      if (cut === undefined) client.write(bytes)
      else if (cut === 'response') for (const socket of [client, upstream]) socket.destroy()
    })
    client.on('close', () => cut === 'half-open' || upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = Object.assign(new URL(target), { port: String((server.address() as AddressInfo).port) })
  return {
    url: url.href,
    cutNext: (cut: Cut) => void (armed = cut),
    /** Closes every connection and refuses new ones. */
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
