import { AppError } from '@lockstep/core/errors/app-error.ts'
import { isTransient } from '@lockstep/core/postgres/errors.ts'
import type { Statement } from '@lockstep/core/postgres/sql.ts'
import type { Pool, QueryResultRow } from 'pg'

/** Rejects with `unavailable` if the statement may succeed later; after a lost connection it may have taken effect. */
export async function rowsOf<R extends QueryResultRow>(
  pool: Pick<Pool, 'query'>,
  statement: Statement,
  values: unknown[],
): Promise<R[]> {
  try {
    return (await pool.query<R>({ ...statement, values })).rows
  } catch (error) {
    if (!isTransient(error)) throw error
    throw new AppError('unavailable', 'The database does not respond', { cause: error })
  }
}
