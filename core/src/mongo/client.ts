import { MongoClient, ReadPreference, type Db } from 'mongodb'
import { failCommandsOnClose } from './patches/fail-on-close.ts'
import { reconnectAfterFailure } from './patches/reconnect.ts'

failCommandsOnClose()

export type Mongo = AsyncDisposable & {
  db: Db
  /** Rejects unless a server that accepts writes responds. */
  ping: () => Promise<void>
}

export type MongoOptions = {
  /** Includes the database: mongodb://host:port/database. */
  url: string
  appName: string
  poolSize?: number
}

/** How long an operation waits for a server. Shorter than the time limits of the callers. */
const SELECTION_TIMEOUT_MS = 2_000

/** A connection that receives nothing for this long during a command is closed, whatever its TCP state. */
const SOCKET_TIMEOUT_MS = 10_000

/** How long a write waits for the majority. */
const WRITE_CONCERN_TIMEOUT_MS = 5_000

const PING_TIMEOUT_MS = 1_000

/**
 * A client that connects at its first use and reconnects by itself, so that a process can start before its database.
 *
 * Writes are acknowledged by a majority and journaled. Reads go to the primary and return only such writes, so no
 * result depends on a state that a failover can revert.
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
  reconnectAfterFailure(client, closing.signal)
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
