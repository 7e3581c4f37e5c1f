import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { EventQueue } from '../../app/ports.ts'
import { firstId, lastId } from './id-range.ts'
import { rowsOf } from './rows-of.ts'

const requeueEvents = sql(import.meta.url, './requeue-events.sql')
const countEvents = sql(import.meta.url, './count-events.sql')
const countProductEvents = sql(import.meta.url, './count-product-events.sql')
const outboxDepth = sql(import.meta.url, './outbox-depth.sql')

type BatchRow = { scanned: number; queued: number; last_id: string; last_version: number }

export function postgresEventQueue(pool: Pick<Pool, 'query'>): EventQueue {
  return {
    async count({ productId }) {
      const rows =
        productId === undefined
          ? await rowsOf<{ events: number }>(pool, countEvents, [])
          : await rowsOf<{ events: number }>(pool, countProductEvents, [productId])
      return rows[0]?.events ?? 0
    },
    async requeue({ productId, since, until }, { after, limit, dryRun }) {
      const start = after ?? { productId: productId ?? firstId, version: 0 }
      const end = productId ?? lastId
      const time = [since ?? '-infinity', until ?? 'infinity']
      const values = [start.productId, start.version, end, limit, ...time, dryRun]
      const [batch] = await rowsOf<BatchRow>(pool, requeueEvents, values)
      if (!batch) return { scanned: 0, queued: 0, last: undefined }
      const { scanned, queued, last_id, last_version } = batch
      return { scanned, queued, last: { productId: last_id, version: last_version } }
    },
    async depth(limit) {
      const [row] = await rowsOf<{ entries: number }>(pool, outboxDepth, [limit])
      return row?.entries ?? 0
    },
  }
}
