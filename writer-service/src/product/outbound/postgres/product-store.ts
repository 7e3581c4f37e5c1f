import { AppError } from '@lockstep/core/errors/app-error.ts'
import { passing, rolledBack } from '@lockstep/core/postgres/errors.ts'
import { backendOf } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { Pool, PoolClient } from 'pg'
import type { CommitResult, PendingCommit, ProductStore } from '../../app/ports.ts'
import type { Product } from '../../domain/product.ts'
import { commitColumns } from './commit-columns.ts'
import { committedEvents } from './lost-commit.ts'

const loadProducts = sql(import.meta.url, './load-products.sql')
const commitProducts = sql(import.meta.url, './commit-products.sql')

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
  try {
    const { rows } = await pool.query<ProductRow>({ ...loadProducts, values: [ids] })
    return new Map(rows.map((row) => [row.id, productOf(row)]))
  } catch (error) {
    throw nothingDone(error)
  }
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
  let client: PoolClient
  try {
    client = await pool.connect()
  } catch (error) {
    throw nothingDone(error)
  }
  try {
    const { rows } = await client.query<{ id: string }>({ ...commitProducts, values: commitColumns(batch) })
    client.release()
    const written = new Set(rows.map((row) => row.id))
    return batch.map(({ next }) => (written.has(next.id) ? 'committed' : 'conflict'))
  } catch (error) {
    if (rolledBack(error)) {
      client.release()
      throw nothingDone(error)
    }
    // The statement was on its way when the connection was lost: it may have been committed.
    const backend = backendOf(client)
    client.release(true)
    return afterLostConnection(pool, batch, backend)
  }
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

function nothingDone(error: unknown): unknown {
  if (!passing(error)) return error
  return new AppError('unavailable', 'The database does not answer; nothing was done', { cause: error })
}
