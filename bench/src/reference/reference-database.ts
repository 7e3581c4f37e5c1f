import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'

/** Enough that a sequential scan would be seen at once; the plans do not change beyond it. */
const PRODUCTS = 20_000
export const STOCKS = 1_000

export const sqlFile = (name: string): string => join(import.meta.dirname, '../sql', `${name}.sql`)

/**
 * The URL of a separate database on the same server, because the relay must not publish what pgbench writes. It is
 * filled and analysed, so that pgbench begins with good plans.
 */
export async function referenceDatabase(postgresUrl: string): Promise<string> {
  const url = await migratedDatabase(postgresUrl)
  await seedProducts(url, PRODUCTS)
  await onDatabase(url, async (client) => {
    await client.query(readFileSync(sqlFile('seed-stocks'), 'utf8'), [STOCKS])
    await client.query('vacuum analyze')
  })
  return url
}

/** Without outbox entries: they count as published. */
export async function seedProducts(url: string, count: number): Promise<void> {
  const seed = readFileSync(sqlFile('seed-products'), 'utf8')
  await onDatabase(url, (client) => client.query(seed, [count, new Date()]))
}

export async function onDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** How many rows sequential scans have read since the database exists, by the tables that grow. */
export async function scannedRows(url: string): Promise<number> {
  return onDatabase(url, async (client) => {
    // The sessions report their counts at most once a second.
    await client.query('select pg_sleep(1.1)')
    const { rows } = await client.query<{ scanned: string }>(
      "select sum(seq_tup_read) as scanned from pg_stat_user_tables where relname in ('aggregates', 'events')",
    )
    return Number(rows[0]?.scanned ?? 0)
  })
}
