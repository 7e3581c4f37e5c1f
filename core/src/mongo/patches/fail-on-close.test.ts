import { once } from 'node:events'
import { createRequire } from 'node:module'
import net from 'node:net'
import { expect, test } from 'vitest'
import { failCommandsOnClose } from './fail-on-close.ts'

const require = createRequire(import.meta.url)
const { Connection } = require('mongodb/lib/cmap/connection.js') as {
  Connection: new (
    socket: net.Socket,
    options: object,
  ) => {
    command: (namespace: unknown, command: object, options: object) => Promise<unknown>
  }
}
const { ns } = require('mongodb/lib/utils.js') as { ns: (name: string) => unknown }

test('a command that waits to be written fails when its connection closes', async () => {
  failCommandsOnClose()
  const server = net.createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const connection = new Connection(socket, { id: 1, generation: 1, hostAddress: `127.0.0.1:${port}` })

  // Simulates a full socket buffer.
  socket.write = () => false
  const command = connection.command(ns('admin.$cmd'), { hello: 1 }, { socketTimeoutMS: 1_000 })
  setImmediate(() => socket.destroy())
  await expect(command).rejects.toThrow('closed')
  server.close()
})
