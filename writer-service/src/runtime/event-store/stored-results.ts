import { rolledBack } from '@lockstep/core/postgres/errors.ts'
import { rethrowUnavailable } from '@lockstep/core/postgres/rethrow-unavailable.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { CommandOutcome, StoredResults } from '../commands/ports.ts'

const findResult = sql(import.meta.url, './find-result.sql')
const storeResult = sql(import.meta.url, './store-result.sql')

/** The results of commands with an idempotency key. The commit itself claims the keys of commands that write. */
export function postgresStoredResults(pool: Pick<Pool, 'query'>): StoredResults {
  return {
    async find(key) {
      const statement = { ...findResult, values: [key] }
      const { rows } = await pool
        .query<{ fingerprint: Buffer; outcome: CommandOutcome }>(statement)
        .catch(rethrowUnavailable)
      return rows[0] && { key, ...rows[0] }
    },
    async store({ key, fingerprint, outcome }) {
      const statement = { ...storeResult, values: [key, fingerprint, JSON.stringify(outcome)] }
      const { rowCount } = await pool.query(statement).catch((error: unknown) => {
        if (rolledBack(error)) return rethrowUnavailable(error)
        // The result may have been stored: the next attempt finds it.
        return { rowCount: 0 }
      })
      return rowCount === 1
    },
  }
}
