import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { EventQueue } from './republish.ts'
import { rowsOf } from './rows-of.ts'

const requeueEvents = sql(import.meta.url, './requeue-events.sql')
const countEvents = sql(import.meta.url, './count-events.sql')
const countEventsOfId = sql(import.meta.url, './count-events-of-id.sql')
const outboxDepth = sql(import.meta.url, './outbox-depth.sql')

export const firstId = '00000000-0000-0000-0000-000000000000'
export const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

type BatchRow = { scanned: number; queued: number; last_id: string; last_version: number }

/** The event store and the outbox, as republishing uses them. Rejects with `unavailable`. */
export function postgresEventQueue(pool: Pick<Pool, 'query'>): EventQueue {
  return {
    async count({ aggregate, id }) {
      const rows =
        id === undefined
          ? await rowsOf<{ events: number }>(pool, countEvents, [aggregate])
          : await rowsOf<{ events: number }>(pool, countEventsOfId, [aggregate, id])
      return rows[0]?.events ?? 0
    },
    async requeue({ aggregate, id, since, until }, { after, limit, dryRun }) {
      const start = after ?? { id: id ?? firstId, version: 0 }
      const time = [since ?? '-infinity', until ?? 'infinity']
      const values = [aggregate, start.id, start.version, id ?? lastId, limit, ...time, dryRun]
      const [batch] = await rowsOf<BatchRow>(pool, requeueEvents, values)
      if (!batch) return { scanned: 0, queued: 0, last: undefined }
      const { scanned, queued, last_id, last_version } = batch
      return { scanned, queued, last: { id: last_id, version: last_version } }
    },
    async depth(limit) {
      const [row] = await rowsOf<{ entries: number }>(pool, outboxDepth, [limit])
      return row?.entries ?? 0
    },
  }
}
