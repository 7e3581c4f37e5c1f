import { rethrowUnavailable } from '@lockstep/core/postgres/rethrow-unavailable.ts'
import type { Statement } from '@lockstep/core/postgres/sql.ts'
import type { Pool, QueryResultRow } from 'pg'

/** Rejects with `unavailable` if the statement may succeed later; after a lost connection it may have taken effect. */
export async function rowsOf<R extends QueryResultRow>(
  pool: Pick<Pool, 'query'>,
  statement: Statement,
  values: unknown[],
): Promise<R[]> {
  const { rows } = await pool.query<R>({ ...statement, values }).catch(rethrowUnavailable)
  return rows
}
