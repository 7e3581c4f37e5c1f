import { createServer } from 'node:net'

const first = 20_000
const last = 32_000
let next = first + ((process.pid * 64) % (last - first))

/**
 * Ports of the loopback that nothing listens on. They lie below the range that the system hands out to
 * outgoing connections (from 32768), which would otherwise take one before its server does; and each process
 * begins at another place, so that test runs side by side do not choose the same.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tried = 0; ports.length < count; tried++) {
    if (tried > last - first) throw new Error(`No ${count} free ports between ${first} and ${last}`)
    // Taken before the wait: another caller goes on from here meanwhile.
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
