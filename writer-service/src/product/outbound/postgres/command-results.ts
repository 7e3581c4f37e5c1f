import { rolledBack } from '@lockstep/core/postgres/errors.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { CommandOutcome, CommandResults } from '../../app/ports.ts'
import { nothingDone } from './nothing-done.ts'

const recallResult = sql(import.meta.url, './recall-result.sql')
const rememberResult = sql(import.meta.url, './remember-result.sql')

/** What became of the commands with an idempotency key. Claims of commands that write are made by the store. */
export function postgresCommandResults(pool: Pick<Pool, 'query'>): CommandResults {
  return {
    async recall(key) {
      const statement = { ...recallResult, values: [key] }
      const { rows } = await pool
        .query<{ fingerprint: Buffer; outcome: CommandOutcome }>(statement)
        .catch(nothingDone)
      return rows[0] && { key, ...rows[0] }
    },
    async remember({ key, fingerprint, outcome }) {
      const statement = { ...rememberResult, values: [key, fingerprint, JSON.stringify(outcome)] }
      const { rowCount } = await pool.query(statement).catch((error: unknown) => {
        if (rolledBack(error)) return nothingDone(error)
        // It may have been remembered: whoever looks the key up again knows.
        return { rowCount: 0 }
      })
      return rowCount === 1
    },
  }
}
