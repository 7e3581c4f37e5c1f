import { createServer } from 'node:net'

const first = 20_000
const last = 32_000
let next = first + ((process.pid * 64) % (last - first))

/**
 * Free ports of the loopback. They are below the range for outgoing connections (from 32768), one of which could
 * otherwise take a port before its server does. Each process starts at another port, so that parallel test runs do not
 * choose the same ones.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tried = 0; ports.length < count; tried++) {
    if (tried > last - first) throw new Error(`No ${count} free ports between ${first} and ${last}`)
    // Incremented before the wait, because another caller may continue from here meanwhile.
    const port = (next = next >= last ? first : next + 1)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)))
  })
}
