import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freshPostgres } from '@lockstep/testkit/fresh-names.ts'
import { Client } from 'pg'
import { expect, inject, it } from 'vitest'

const script = fileURLToPath(new URL('./postgres.ts', import.meta.url))

async function database() {
  const POSTGRES_URL = await freshPostgres(inject('postgresUrl'))
  const client = new Client(POSTGRES_URL)
  await client.connect()
  return {
    run: async (...args: string[]) =>
      (
        await promisify(execFile)(process.execPath, [script, ...args], {
          env: { ...process.env, POSTGRES_URL },
        })
      ).stdout,
    tables: async () => {
      const { rows } = await client.query<{ name: string }>(
        `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`,
      )
      return rows.map((row) => row.name)
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}

it('every migration goes up, down and up again, and each run prints what it did', async () => {
  await using db = await database()
  expect(await db.run('up')).toMatch(/^migrated up .*_event-store\n/)
  const tables = await db.tables()
  expect(tables).toEqual(expect.arrayContaining(['aggregates', 'events', 'outbox', 'products', 'stock']))
  expect(await db.run('up')).toBe('up to date\n')

  while ((await db.run('down')).startsWith('migrated down'));
  expect(await db.tables()).toEqual(['schema_migrations'])
  await db.run('up')
  expect(await db.tables()).toEqual(tables)
})

it('wrong usage prints the right usage', async () => {
  await using db = await database()
  for (const args of [[], ['sideways'], ['create', 'No Name']]) {
    await expect(db.run(...args)).rejects.toThrow(/usage: |name the migration/)
  }
})
