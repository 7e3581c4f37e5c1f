import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

const outboxSpan = sql(import.meta.url, './outbox-span.sql')

const EVERY_MS = 1_000

export type OutboxLimit = AsyncDisposable & {
  /** Whether so much waits to be published that commands have to wait as well; up to a second old. */
  reached: () => boolean
}

/**
 * Looks every second whether `limit` entries wait in the outbox. When events cannot be published for long, commands
 * are refused in the end: otherwise the outbox would grow until the disk is full, and readers fall behind by days.
 */
export function watchOutboxLimit(options: {
  pool: Pick<Pool, 'query'>
  limit: number
  log: Log
}): OutboxLimit {
  const { pool, limit, log } = options
  let reached = false
  const watching = repeat(async () => {
    try {
      const { rows } = await pool.query<{ entries: number }>(outboxSpan)
      const entries = rows[0]?.entries ?? 0
      if (entries >= limit !== reached) {
        reached = entries >= limit
        if (reached) log.error({ entries, limit }, 'the outbox is full: commands are refused')
        else log.info({ entries }, 'the outbox has room again')
      }
    } catch {
      // Without the database no command gets through anyway.
    }
  }, EVERY_MS)
  return { reached: () => reached, [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose]() }
}
