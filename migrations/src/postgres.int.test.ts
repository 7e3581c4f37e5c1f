import { execFile } from 'node:child_process'
import { join } from 'node:path'
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
  const output = await db.run('up')
  expect(output).toMatch(/^migrated up .*_event-store\n/)
  expect(output).toMatch(/^created {4}view products$/m)
  const tables = await db.tables()
  expect(tables).toEqual(expect.arrayContaining(['aggregates', 'events', 'outbox', 'products', 'stock']))
  expect(await db.run('up')).toMatch(/^no new migrations\n(unchanged {2}view \w+\n)+$/)

  while ((await db.run('down')).startsWith('migrated down'));
  expect(await db.tables()).toEqual(['schema_migrations'])
  await db.run('up')
  expect(await db.tables()).toEqual(tables)
})

it('without a server, each program says how to start the servers', async () => {
  const nowhere = '127.0.0.1:1'
  const env = {
    ...process.env,
    POSTGRES_URL: `postgres://${nowhere}/lockstep`,
    MONGO_URL: `mongodb://${nowhere}/lockstep`,
    KAFKA_BROKERS: nowhere,
  }
  for (const args of [['postgres.ts', 'up'], ['mongo.ts'], ['topics.ts']]) {
    const [name = '', ...parameters] = args
    const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, name), ...parameters], {
      env,
    })
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ECONNREFUSED.*; start the servers with: make up\n$/) as string,
    })
  }
})

it('wrong usage prints the right usage', async () => {
  await using db = await database()
  for (const args of [[], ['sideways'], ['create', 'No Name']]) {
    await expect(db.run(...args)).rejects.toThrow(/usage: |name the migration/)
  }
})
