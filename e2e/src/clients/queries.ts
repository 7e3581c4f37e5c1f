import { statusOf } from './grpc-client.ts'
import { sendQuery } from './send-query.ts'
import { eventually } from '../system/eventually.ts'
import type { Read } from '../evidence/history.ts'
import { startClients, type Load } from './load.ts'
import type { Reader } from '../system/services.ts'

export type Queries = Load & {
  /** How many were answered as they should be. */
  answered: () => number
  /** Queries that failed. */
  failed: () => readonly Read[]
}

/** Clients that read products one after the other, without asking for a version; deleted ones may be not found. */
export function startQueries(options: {
  ids: () => readonly string[]
  pick: () => Reader | Promise<Reader>
  clients?: number
}): Queries {
  const { ids, pick, clients = 4 } = options
  const load = startClients({
    clients,
    perSecond: 200 * clients,
    async work(client, { reads }) {
      const known = ids()
      const id = known[Math.floor(Math.random() * known.length)]
      if (id !== undefined) reads.push(await sendQuery(await pick(), 'http', `client ${client}`, { id }))
    },
  })
  const failed = () => load.history.reads.filter(({ answer }) => answer.type === 'failed')
  return { ...load, failed, answered: () => load.history.reads.length - failed().length }
}

/** Resolves when so many more queries were answered than now. */
export function answered(queries: Queries, more: number, withinMs = 60_000): Promise<void> {
  const goal = queries.answered() + more
  return eventually(
    () => {
      if (queries.answered() < goal) throw new Error(`${queries.answered()} of ${goal} queries are answered`)
    },
    { withinMs },
  )
}

/**
 * Resolves when the reader has this version of the product. A query waits a second for it by itself, which a busy
 * machine may need a few times over.
 */
export async function readable({ grpc }: Reader, id: string, minVersion: number): Promise<void> {
  const look = async () => {
    const found = await statusOf(grpc.getProduct({ id, minVersion }))
    // A deleted product is not found once its deletion is there.
    if (found !== 'OK' && found !== 'NOT_FOUND') throw new Error(`version ${minVersion} of ${id}: ${found}`)
  }
  await eventually(look, { withinMs: 60_000 })
}
