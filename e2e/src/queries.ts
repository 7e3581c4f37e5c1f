import { setTimeout as sleep } from 'node:timers/promises'
import { statusOf } from './clients/grpc-client.ts'
import { problemOf } from './clients/http-client.ts'
import { eventually } from './eventually.ts'
import type { Reader } from './services.ts'

export type Queries = AsyncDisposable & {
  /** How many were answered as they should be. */
  answered: () => number
  /** What went wrong: an error, or a version below one that was answered before. */
  faults: readonly string[]
  stop(): Promise<void>
}

/** Clients that read products one after the other, without asking for a version; deleted ones may be not found. */
export function startQueries(options: {
  ids: () => readonly string[]
  pick: () => Reader | Promise<Reader>
  clients?: number
  /** Of each client. */
  pauseMs?: number
}): Queries {
  const { ids, pick, clients = 4, pauseMs = 5 } = options
  const highest = new Map<string, number>()
  const faults: string[] = []
  let count = 0
  let stopped = false

  const read = async (id: string) => {
    const atLeast = highest.get(id) ?? 0
    const { http } = await pick()
    const answer = await http.send('GET', `/api/v1/products/${id}`, { timeoutMs: 5_000 })
    if (answer.status === 404 && problemOf(answer).code === 'not_found') return
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`)
    const { version } = answer.json as { version: number }
    if (version < atLeast) throw new Error(`version ${version} after version ${atLeast}`)
    highest.set(id, Math.max(highest.get(id) ?? 0, version))
  }
  const run = async () => {
    while (!stopped) {
      const known = ids()
      const id = known[Math.floor(Math.random() * known.length)]
      if (id !== undefined) {
        await read(id).then(
          () => count++,
          (error: Error) => faults.push(`${new Date().toISOString()} ${id}: ${error.message}`),
        )
      }
      await sleep(pauseMs)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, run))
  const stop = async () => {
    stopped = true
    await running
  }
  return {
    answered: () => count,
    faults,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Resolves when so many more queries were answered than now. */
export function answered(queries: Queries, more: number, withinMs = 30_000): Promise<void> {
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
  await eventually(look, { withinMs: 20_000 })
}
