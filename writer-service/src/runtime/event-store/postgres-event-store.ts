import { AppError } from '@lockstep/core/errors/app-error.ts'
import { rolledBack } from '@lockstep/core/postgres/errors.ts'
import { backendOf } from '@lockstep/core/postgres/pool.ts'
import { rethrowUnavailable } from '@lockstep/core/postgres/rethrow-unavailable.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { DatabaseError, Pool } from 'pg'
import type { AnyState } from '../aggregate.ts'
import type {
  AggregateKey,
  Claim,
  CommitResult,
  EventStore,
  PendingCommit,
  StoredAggregate,
} from '../commands/ports.ts'
import { commitColumns } from './commit-columns.ts'
import { committedEvents } from './unknown-outcome.ts'

const loadAggregates = sql(import.meta.url, './load-aggregates.sql')
const commitAggregates = sql(import.meta.url, './commit-aggregates.sql')

const findResults = sql(import.meta.url, './find-results.sql')
const storeResults = sql(import.meta.url, './store-results.sql')

const UNIQUE_VIOLATION = '23505'

type Connections = Pick<Pool, 'connect' | 'query'>

/** The event store in Postgres: a commit is one statement, gated on the versions that were read. */
export function postgresEventStore(pool: Connections): EventStore {
  return {
    load: (keys) => load(pool, keys),
    findClaims: (keys) => findClaims(pool, keys),
    claim: (claims) => claim(pool, claims),
    commit: (batch) => commit(pool, batch),
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

async function findClaims(pool: Connections, keys: readonly string[]): Promise<Map<string, Claim>> {
  const statement = { ...findResults, values: [keys] }
  const { rows } = await pool.query<Claim>(statement).catch(rethrowUnavailable)
  return new Map(rows.map((row) => [row.key, row]))
}

async function claim(pool: Connections, claims: readonly Claim[]): Promise<Set<string>> {
  const values = [
    claims.map(({ key }) => key),
    claims.map(({ fingerprint }) => fingerprint),
    claims.map(({ outcome }) => JSON.stringify(outcome)),
  ]
  const { rows } = await pool.query<{ key: string }>({ ...storeResults, values }).catch((error: unknown) => {
    if (rolledBack(error)) return rethrowUnavailable(error)
    // The results may have been stored: the next attempt finds them.
    return { rows: [] }
  })
  return new Set(rows.map(({ key }) => key))
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
      // Another command has claimed one of the keys; the next attempt finds its result.
      return isKeyTaken(error) ? batch.map(() => 'conflict') : rethrowUnavailable(error)
    }
    // The statement was sent before the connection was lost: it may have been committed.
    const backend = backendOf(client)
    client.release(true)
    return afterLostConnection(pool, batch, backend)
  }
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
