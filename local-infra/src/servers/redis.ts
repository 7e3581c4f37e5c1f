import { mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Server, runServer } from '../server.ts'

export type RedisServer = Server & { url: string }

/** Stores nothing on disk: a cache that restarts with old entries would return old versions. */
export async function startRedis({ dir, port }: { dir: string; port: number }): Promise<RedisServer> {
  const home = join(dir, 'redis')
  await mkdir(home, { recursive: true })
  const server = await runServer({
    name: 'redis',
    dir: home,
    command: [
      'redis-server',
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', home],
      ...['--save', '', '--appendonly', 'no'],
      ...['--maxmemory', '256mb', '--maxmemory-policy', 'allkeys-lru'],
    ],
    ports: [port],
    ready: () => ping(port),
  })
  return Object.assign(server, { url: `redis://127.0.0.1:${port}/0` })
}

function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1000, () => socket.destroy(new Error('no response within 1 s')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (response) => {
      if (response.toString().startsWith('+PONG')) resolve()
      socket.destroy()
    })
  })
}
