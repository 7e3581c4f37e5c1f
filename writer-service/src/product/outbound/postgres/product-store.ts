import { AppError } from '@lockstep/core/errors/app-error.ts'
import { rolledBack } from '@lockstep/core/postgres/errors.ts'
import { backendOf } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { DatabaseError, Pool } from 'pg'
import type { CommitResult, PendingCommit, ProductStore } from '../../app/ports.ts'
import type { Product } from '../../domain/product.ts'
import { commitColumns } from './commit-columns.ts'
import { committedEvents } from './lost-commit.ts'
import { nothingDone } from './nothing-done.ts'

const loadProducts = sql(import.meta.url, './load-products.sql')
const commitProducts = sql(import.meta.url, './commit-products.sql')

const UNIQUE_VIOLATION = '23505'

type Connections = Pick<Pool, 'connect' | 'query'>

/** The store in Postgres: a commit is one statement, gated on the versions that were read. */
export function postgresProductStore(pool: Connections): ProductStore {
  return {
    load: (ids) => withSpan('postgres.load', { kind: 'client' }, () => load(pool, ids)),
    commit: (batch) => withSpan('postgres.commit', { kind: 'client' }, () => commit(pool, batch)),
  }
}

type ProductRow = {
  id: string
  version: number
  name: string
  description: string
  category: string
  price_cents: number
  created_at: Date
  updated_at: Date
  deleted_at: Date | null
}

async function load(pool: Connections, ids: readonly string[]): Promise<Map<string, Product>> {
  const { rows } = await pool.query<ProductRow>({ ...loadProducts, values: [ids] }).catch(nothingDone)
  return new Map(rows.map((row) => [row.id, productOf(row)]))
}

function productOf(row: ProductRow): Product {
  return {
    id: row.id,
    version: row.version,
    details: {
      name: row.name,
      description: row.description,
      category: row.category,
      priceCents: row.price_cents,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deleted: row.deleted_at !== null,
  }
}

async function commit(pool: Connections, batch: readonly PendingCommit[]): Promise<CommitResult[]> {
  const client = await pool.connect().catch(nothingDone)
  // The wait for a connection may have been long.
  const now = Date.now()
  const timely = batch.filter(({ deadline }) => deadline > now)
  if (timely.length < batch.length) {
    client.release()
    const results = timely.length > 0 ? await commit(pool, timely) : []
    return batch.map((pending) => results[timely.indexOf(pending)] ?? 'too_late')
  }
  try {
    const { rows } = await client.query<{ id: string }>({ ...commitProducts, values: commitColumns(batch) })
    client.release()
    const written = new Set(rows.map((row) => row.id))
    return batch.map(({ next }) => (written.has(next.id) ? 'committed' : 'conflict'))
  } catch (error) {
    if (rolledBack(error)) {
      client.release()
      return isTaken(error) ? oneByOne(pool, batch) : nothingDone(error)
    }
    // The statement was on its way when the connection was lost: it may have been committed.
    const backend = backendOf(client)
    client.release(true)
    return afterLostConnection(pool, batch, backend)
  }
}

/** Somebody created one of these products at the same moment; that must not fail the others. */
async function oneByOne(pool: Connections, batch: readonly PendingCommit[]): Promise<CommitResult[]> {
  if (batch.length === 1) return ['conflict']
  const results: CommitResult[] = []
  for (const pending of batch) results.push(...(await commit(pool, [pending])))
  return results
}

/** Which of the two tables is written first is up to the server. */
function isTaken({ code, constraint = '' }: DatabaseError): boolean {
  return code === UNIQUE_VIOLATION && ['products_pkey', 'product_events_pkey'].includes(constraint)
}

async function afterLostConnection(
  pool: Connections,
  batch: readonly PendingCommit[],
  backend: ReturnType<typeof backendOf>,
): Promise<CommitResult[]> {
  const ids = batch.map(({ event }) => event.id)
  const found = await committedEvents(pool, ids, backend)
  if (found.size === 0) throw new AppError('unavailable', 'The database was lost; nothing was done')
  return ids.map((id) => (found.has(id) ? 'committed' : 'conflict'))
}
