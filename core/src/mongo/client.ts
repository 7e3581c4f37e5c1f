import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient, ReadPreference, type Db } from 'mongodb'
import { endCommandsWithTheirConnection } from './patches/commands-end.ts'

endCommandsWithTheirConnection()

export type Mongo = AsyncDisposable & {
  db: Db
  /** Rejects unless a server that takes writes answers. */
  ping: () => Promise<void>
}

export type MongoOptions = {
  /** Names the database too: mongodb://host:port/database. */
  url: string
  appName: string
  poolSize?: number
}

/** How long a call waits for a server to be found: a query then fails while its caller still listens. */
const SELECTION_TIMEOUT_MS = 2_000

/** A connection on which nothing comes for so long is dead, whatever TCP thinks. */
const SOCKET_TIMEOUT_MS = 10_000

/** How long a write waits for the majority. */
const WRITE_CONCERN_TIMEOUT_MS = 5_000

const PING_TIMEOUT_MS = 1_000

const RECONNECT_EVERY_MS = 500

/**
 * A client that connects when it is first used and reconnects by itself, so that a process may start
 * before its database.
 *
 * What is written is acknowledged by a majority and journaled, and what is read was: a state that a
 * failover could take back is never shown nor built upon. Reads go to the primary.
 */
export function openMongo({ url, appName, poolSize = 20 }: MongoOptions): Mongo {
  const client = new MongoClient(url, {
    appName,
    maxPoolSize: poolSize,
    readPreference: ReadPreference.PRIMARY,
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority', journal: true, wtimeoutMS: WRITE_CONCERN_TIMEOUT_MS },
    serverSelectionTimeoutMS: SELECTION_TIMEOUT_MS,
    connectTimeoutMS: SELECTION_TIMEOUT_MS,
    socketTimeoutMS: SOCKET_TIMEOUT_MS,
    ignoreUndefined: true,
  })
  const closing = new AbortController()
  beginAnew(client, closing.signal)
  const db = client.db()
  return {
    db,
    ping: async () => {
      await db.command({ ping: 1 }, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) })
    },
    [Symbol.asyncDispose]: () => {
      closing.abort()
      return client.close()
    },
  }
}

/**
 * A client of mongodb 7.9.0 whose first connection failed stays closed for ever, as what is asked of it later finds its
 * closed topology and does not connect again (autoConnect in lib/operations/execute_operation.js). `connect` does.
 */
function beginAnew(client: MongoClient, closing: AbortSignal): void {
  let connecting = false
  const connect = async () => {
    while (!closing.aborted) {
      const connected = await client.connect().catch(() => undefined)
      if (connected) return
      await sleep(RECONNECT_EVERY_MS, undefined, { signal: closing, ref: false }).catch(() => {})
    }
  }
  client.on('topologyClosed', () => {
    if (connecting || closing.aborted) return
    connecting = true
    void connect().finally(() => (connecting = false))
  })
}
