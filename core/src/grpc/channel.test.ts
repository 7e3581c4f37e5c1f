import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Client, credentials } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { channelOptions } from './channel.ts'

/** Counts the connections that it receives, and closes them. */
async function proxy() {
  const server = createServer((socket) => {
    seen.connections++
    socket.destroy()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const seen = {
    connections: 0,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void server.close(),
  }
  return seen
}

beforeEach(() => {
  for (const name of ['grpc_proxy', 'https_proxy', 'no_grpc_proxy', 'no_proxy']) vi.stubEnv(name, '')
})
afterEach(() => {
  vi.unstubAllEnvs()
})

test.each([
  ['127.0.0.1:1', 'not used', 0],
  ['[::1]:1', 'not used', 0],
  ['localhost:1', 'not used', 0],
  ['writer.example:1', 'used', 1],
])('for %s the proxy of the environment is %s', async (address, _, least) => {
  await using seen = await proxy()
  vi.stubEnv('http_proxy', `http://127.0.0.1:${seen.port}`)
  const client = new Client(address, credentials.createInsecure(), channelOptions(address))
  // No server answers, with or without the proxy.
  await new Promise((resolve) => client.waitForReady(Date.now() + 500, resolve))
  client.close()
  expect(Math.min(1, seen.connections)).toBe(least)
})
