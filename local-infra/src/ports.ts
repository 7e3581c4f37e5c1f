import { once } from 'node:events'
import { createServer, type ListenOptions } from 'node:net'
import { serialQueue } from '@lockstep/core/async/serial-queue.ts'

const first = 20_000
const last = 31_999
const blockSize = 100
const blocks = (last + 1 - first) / blockSize

const queue = serialQueue()
const claimed: number[] = []
let unclaimed = 0
let untried: number[] = []

/**
 * Free ports of the loopback, which no other process gets from this function while this process runs: a server binds
 * its port some time after the port was chosen. They are below the range for outgoing connections (from 32768), one of
 * which could otherwise take a port before its server does.
 */
export async function freePorts(count: number): Promise<number[]> {
  return queue.run(async () => {
    const ports: number[] = []
    for (let tried = 0; ports.length < count; tried++) {
      if (tried > last - first) throw new Error(`No ${count} free ports between ${first} and ${last}`)
      if (untried.length === 0) untried = portsOf(await nextBlock())
      const port = untried.shift()
      if (port !== undefined && (await isFree(port))) ports.push(port)
    }
    return ports
  })
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}

export async function isFree(port: number): Promise<boolean> {
  const probe = await listen({ port, host: '127.0.0.1', exclusive: true })
  if (!probe) return false
  probe.close()
  await once(probe, 'close')
  return true
}

/** A block that no process has; without one, the block that this process has used least recently. */
async function nextBlock(): Promise<number> {
  while (unclaimed < blocks) {
    const block = unclaimed++
    // A socket in the abstract namespace has one owner, and disappears with its process.
    const claim = await listen({ path: `\0lockstep-ports-${block}` })
    if (!claim) continue
    claim.unref()
    claimed.push(block)
    return block
  }
  const oldest = claimed.shift()
  if (oldest === undefined) throw new Error(`Other processes have all ports between ${first} and ${last}`)
  claimed.push(oldest)
  return oldest
}

function portsOf(block: number): number[] {
  return Array.from({ length: blockSize }, (_, index) => first + block * blockSize + index)
}

/** Undefined if the address is in use or not allowed. */
async function listen(address: ListenOptions) {
  const server = createServer()
  try {
    server.listen(address)
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
