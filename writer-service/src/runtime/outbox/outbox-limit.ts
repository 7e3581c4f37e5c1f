import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'

const outboxSpan = sql(import.meta.url, './outbox-span.sql')

const EVERY_MS = 1_000

export type OutboxLimit = AsyncDisposable & {
  /** Whether the outbox is too full for further commands; up to a second old. */
  reached: () => boolean
}

/**
 * Checks every second whether the outbox has `limit` entries. If events cannot be published for a long time, commands
 * are refused: otherwise the outbox would fill the disk, and readers would be days behind.
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
      // Without the database no command succeeds anyway.
    }
  }, EVERY_MS)
  return { reached: () => reached, [Symbol.asyncDispose]: () => watching[Symbol.asyncDispose]() }
}
