import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

/** Not prepared: planned at each run, it never has a plan from a time when the table was small. */
const { text: deleteExpiredResults } = sql(import.meta.url, './delete-expired-results.sql')

/** Small, so that locks are short and replicas do not fall behind. */
const BATCH = 500
const EVERY_MS = 30_000

/** Deletes stored results that are older than `retentionMs`, in the background. Every writer does it. */
export function startResultExpiry(options: {
  pool: Pick<Pool, 'query'>
  retentionMs: number
  log: Log
}): AsyncDisposable {
  const { pool, retentionMs, log } = options
  // Half a minute is too long for a retention of seconds, as in a test.
  const pauseMs = Math.min(EVERY_MS, retentionMs)
  return repeat(async (stopping) => {
    try {
      for (let deleted = BATCH; deleted === BATCH && !stopping.aborted;) {
        const { rowCount } = await pool.query(deleteExpiredResults, [retentionMs, BATCH])
        deleted = rowCount ?? 0
      }
    } catch (error) {
      log.warn({ err: error }, 'failed to delete expired results of commands; the next run tries again')
    }
  }, pauseMs)
}
