import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

const forgetResults = sql(import.meta.url, './forget-results.sql')

/** Small, so that no lock is held and no replica is behind for long. */
const BATCH = 500
const EVERY_MS = 30_000

/** Removes what is older than `retentionMs` from the results of commands, in the background. Every writer does it. */
export function startResultExpiry(options: {
  pool: Pick<Pool, 'query'>
  retentionMs: number
  log: Log
}): AsyncDisposable {
  const { pool, retentionMs, log } = options
  // With a retention of seconds, as in a test, half a minute would be too seldom.
  const pauseMs = Math.min(EVERY_MS, retentionMs)
  return repeat(async (stopping) => {
    try {
      for (let removed = BATCH; removed === BATCH && !stopping.aborted;) {
        const { rowCount } = await pool.query({ ...forgetResults, values: [retentionMs, BATCH] })
        removed = rowCount ?? 0
      }
    } catch (error) {
      log.warn({ err: error }, 'old results of commands are not removed for now')
    }
  }, pauseMs)
}
