import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Backend } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

const endBackend = sql(import.meta.url, './end-backend.sql')
const findEvents = sql(import.meta.url, './find-events.sql')

/** How long to search for the outcome before it is reported as unknown, ms. */
const SEARCH_MS = 3_000
const PAUSE_MS = 100

/**
 * Which events were written by a commit whose connection was lost before its response arrived.
 *
 * A missing event proves nothing while the server process of that connection may still be working. So that process is
 * ended first, and the events are looked up once it is gone. Throws `outcome_unknown` if the database stays
 * unreachable.
 */
export async function committedEvents(
  pool: Pick<Pool, 'query'>,
  eventIds: readonly string[],
  backend: Backend,
): Promise<Set<string>> {
  const searchUntil = performance.now() + SEARCH_MS
  let cause: unknown
  while (performance.now() < searchUntil) {
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
    'The connection to the database was lost during the commit: repeat the command with its idempotency key, or read its target first',
    { cause },
  )
}
