import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Backend } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

const endBackend = sql(import.meta.url, './end-backend.sql')
const findEvents = sql(import.meta.url, './find-events.sql')

/** How long to look for the outcome before it is called unknown, ms. */
const LOOK_FOR_MS = 3_000
const PAUSE_MS = 100

/**
 * Which events a commit wrote whose connection was lost before its answer came.
 *
 * An event that is not there proves nothing while the server process of that connection may still be working, so
 * it is ended first, and the events are looked up once it is gone. Throws `outcome_unknown` when the
 * database stays out of reach.
 */
export async function committedEvents(
  pool: Pick<Pool, 'query'>,
  eventIds: readonly string[],
  backend: Backend,
): Promise<Set<string>> {
  const giveUpAt = performance.now() + LOOK_FOR_MS
  let cause: unknown
  while (performance.now() < giveUpAt) {
    try {
      const alive = await pool.query({ ...endBackend, values: [backend.pid, backend.startedAt] })
      if (alive.rowCount === 0) {
        const { rows } = await pool.query<{ event_id: string }>({ ...findEvents, values: [eventIds] })
        return new Set(rows.map((row) => row.event_id))
      }
    } catch (error) {
      cause = error
    }
    await sleep(PAUSE_MS)
  }
  throw new AppError(
    'outcome_unknown',
    'The database was lost while it committed: repeat the command with its idempotency key, or read the product first',
    { cause },
  )
}
