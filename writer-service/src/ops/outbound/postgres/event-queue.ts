import { AppError } from '@lockstep/core/errors/app-error.ts'
import { passing } from '@lockstep/core/postgres/errors.ts'
import { sql, type Statement } from '@lockstep/core/postgres/sql.ts'
import type { Pool, QueryResultRow } from 'pg'
import type { EventQueue } from '../../app/ports.ts'

const requeueEvents = sql(import.meta.url, './requeue-events.sql')
const countEvents = sql(import.meta.url, './count-events.sql')
const countProductEvents = sql(import.meta.url, './count-product-events.sql')
const outboxDepth = sql(import.meta.url, './outbox-depth.sql')

const firstId = '00000000-0000-0000-0000-000000000000'
const lastId = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

type BatchRow = { scanned: number; queued: number; last_id: string; last_version: number }

export function postgresEventQueue(pool: Pick<Pool, 'query'>): EventQueue {
  async function rowsOf<R extends QueryResultRow>(statement: Statement, values: unknown[]): Promise<R[]> {
    try {
      return (await pool.query<R>({ ...statement, values })).rows
    } catch (error) {
      if (!passing(error)) throw error
      throw new AppError('unavailable', 'The database does not answer', { cause: error })
    }
  }

  return {
    async count({ productId }) {
      const rows =
        productId === undefined
          ? await rowsOf<{ events: number }>(countEvents, [])
          : await rowsOf<{ events: number }>(countProductEvents, [productId])
      return rows[0]?.events ?? 0
    },
    async requeue({ productId, since, until }, { after, limit, dryRun }) {
      const start = after ?? { productId: productId ?? firstId, version: 0 }
      const end = productId ?? lastId
      const time = [since ?? '-infinity', until ?? 'infinity']
      const values = [start.productId, start.version, end, limit, ...time, dryRun]
      const [batch] = await rowsOf<BatchRow>(requeueEvents, values)
      if (!batch) return { scanned: 0, queued: 0, last: undefined }
      const { scanned, queued, last_id, last_version } = batch
      return { scanned, queued, last: { productId: last_id, version: last_version } }
    },
    async depth(limit) {
      const [row] = await rowsOf<{ entries: number }>(outboxDepth, [limit])
      return row?.entries ?? 0
    },
  }
}
