import { AppError } from '@lockstep/core/errors/app-error.ts'
import { rolledBack } from '@lockstep/core/postgres/errors.ts'
import { backendOf } from '@lockstep/core/postgres/pool.ts'
import { rethrowUnavailable } from '@lockstep/core/postgres/rethrow-unavailable.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { DatabaseError, Pool } from 'pg'
import type { AnyState } from '../aggregate.ts'
import type {
  AggregateKey,
  CommitResult,
  EventStore,
  PendingCommit,
  StoredAggregate,
} from '../commands/ports.ts'
import { commitColumns } from './commit-columns.ts'
import { committedEvents } from './unknown-outcome.ts'

const loadAggregates = sql(import.meta.url, './load-aggregates.sql')
const commitAggregates = sql(import.meta.url, './commit-aggregates.sql')

const UNIQUE_VIOLATION = '23505'

type Connections = Pick<Pool, 'connect' | 'query'>

/** The event store in Postgres: a commit is one statement, gated on the versions that were read. */
export function postgresEventStore(pool: Connections): EventStore {
  return {
    load: (keys) => withSpan('postgres.load', { kind: 'client' }, () => load(pool, keys)),
    commit: (batch) => withSpan('postgres.commit', { kind: 'client' }, () => commit(pool, batch)),
  }
}

type AggregateRow = {
  type: string
  id: string
  version: number
  state: AnyState
  created_at: Date
  updated_at: Date
}

async function load(pool: Connections, keys: readonly AggregateKey[]): Promise<StoredAggregate[]> {
  const values = [keys.map(({ type }) => type), keys.map(({ id }) => id)]
  const { rows } = await pool.query<AggregateRow>({ ...loadAggregates, values }).catch(rethrowUnavailable)
  return rows.map(({ created_at: createdAt, updated_at: updatedAt, ...row }) => ({
    ...row,
    createdAt,
    updatedAt,
  }))
}

async function commit(pool: Connections, batch: readonly PendingCommit[]): Promise<CommitResult[]> {
  // Before the statement is sent: an error of ours must not be taken for a lost connection.
  const values = commitColumns(batch)
  const client = await pool.connect().catch(rethrowUnavailable)
  // The wait for a connection may have been long.
  const now = Date.now()
  const timely = batch.filter(({ deadline }) => deadline > now)
  if (timely.length < batch.length) {
    client.release()
    const results = timely.length > 0 ? await commit(pool, timely) : []
    return batch.map((pending) => results[timely.indexOf(pending)] ?? 'too_late')
  }
  try {
    const { rows } = await client.query<{ number: number }>({ ...commitAggregates, values })
    client.release()
    const written = new Set(rows.map((row) => row.number))
    return batch.map((_, index) => (written.has(index + 1) ? 'committed' : 'conflict'))
  } catch (error) {
    if (rolledBack(error)) {
      client.release()
      return isKeyTaken(error) ? oneByOne(pool, batch) : rethrowUnavailable(error)
    }
    // The statement was sent before the connection was lost: it may have been committed.
    const backend = backendOf(client)
    client.release(true)
    return afterLostConnection(pool, batch, backend)
  }
}

/** Another command claimed one of the idempotency keys at the same moment; the other commits must not fail with it. */
async function oneByOne(pool: Connections, batch: readonly PendingCommit[]): Promise<CommitResult[]> {
  if (batch.length === 1) return ['conflict']
  const results: CommitResult[] = []
  for (const pending of batch) results.push(...(await commit(pool, [pending])))
  return results
}

function isKeyTaken({ code, constraint }: DatabaseError): boolean {
  return code === UNIQUE_VIOLATION && constraint === 'command_results_pkey'
}

async function afterLostConnection(
  pool: Connections,
  batch: readonly PendingCommit[],
  backend: ReturnType<typeof backendOf>,
): Promise<CommitResult[]> {
  // All events of a commit are written or none, so its first one tells.
  const ids = batch.map(({ events }) => events[0]?.eventId ?? '')
  const found = await committedEvents(pool, ids, backend)
  if (found.size === 0) throw new AppError('unavailable', 'The database was lost; nothing was done')
  return ids.map((id) => (found.has(id) ? 'committed' : 'conflict'))
}
