import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { MongoClient } from 'mongodb'
import { mongoStandIn } from '../artefacts.ts'
import { type Server, runServer } from '../server.ts'

export type MongoServer = Server & { url: string }

/** Starts mongod if it is on the PATH, otherwise the stand-in. Neither reads the files of the other. */
export async function startMongo({ dir, port }: { dir: string; port: number }): Promise<MongoServer> {
  const home = join(dir, 'mongo')
  const mongod = onPath('mongod')
  const data = join(home, mongod ? 'mongod' : 'stand-in')
  await mkdir(data, { recursive: true })
  const url = `mongodb://127.0.0.1:${port}/lockstep`
  const server = await runServer({
    name: 'mongo',
    dir: home,
    command: mongod
      ? [mongod, '--dbpath', data, '--port', String(port), '--bind_ip', '127.0.0.1']
      : await standIn(data, port),
    ports: [port],
    ready: () => ping(url),
    // The stand-in rebuilds its indexes first.
    readyWithinMs: 180_000,
  })
  return Object.assign(server, { url })
}

async function standIn(data: string, port: number): Promise<string[]> {
  const home = await mongoStandIn()
  // The optimising compiler would use more CPU time than it saves, in a server that is restarted so often.
  // With many documents, a collection that stops all threads would take seconds.
  const options = ['-Xms64m', '-XX:+UseG1GC', '-XX:TieredStopAtLevel=1']
  return ['java', ...options, '-cp', `${home}:${home}/*`, 'MongoStandIn', String(port), join(data, 'store')]
}

async function ping(url: string): Promise<void> {
  const limits = { serverSelectionTimeoutMS: 1000, connectTimeoutMS: 1000, socketTimeoutMS: 2000 }
  const client = new MongoClient(url, { ...limits, directConnection: true })
  try {
    await client.db('admin').command({ ping: 1 })
  } finally {
    await client.close()
  }
}

function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file))
}
