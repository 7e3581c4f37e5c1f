import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Client } from 'pg'
import { inject, test as plain, expect } from 'vitest'
import { scannedTables, statementOf } from './plans.ts'
import { referenceDatabase, scannedRows } from './reference-database.ts'

const test = plain
  .extend('url', { scope: 'file' }, () => referenceDatabase(inject('postgresUrl')))
  .extend('client', { scope: 'file' }, async ({ url }, { onCleanup }) => {
    const client = new Client({ connectionString: url })
    await client.connect()
    onCleanup(() => client.end())
    return client
  })

const folder = join(import.meta.dirname, '../sql')
const scripts = globSync('*.sql', { cwd: folder }).filter((name) => !name.startsWith('seed-'))

test('there are scripts for pgbench', () => {
  expect(scripts.map((name) => basename(name, '.sql')).toSorted()).toEqual(['create-product', 'update-stock'])
})

test.for(scripts)('%s scans no table that grows', async (name, { client }) => {
  expect(await scannedTables(client, await statementOf(join(folder, name)))).toEqual([])
})

test('a look-up by volatile values is found to scan the table', async ({ client }) => {
  const mistake =
    "select version from aggregates where type = 'product' and id = any (array[gen_random_uuid()])"
  expect(await scannedTables(client, mistake)).toEqual(['aggregates'])
})

test('an index scan over all aggregates of a type is found', async ({ client }) => {
  const mistake =
    "select version from aggregates where type = 'stock' and id = any (array[gen_random_uuid()])"
  expect(await scannedTables(client, mistake)).toEqual(['aggregates'])
})

test('a parameter becomes a value of the plan', async ({ client }) => {
  const bySize = "select version from aggregates where type = 'product' and version > $1::bigint"
  expect(await scannedTables(client, bySize)).toEqual(['aggregates'])
})

test('the rows that a sequential scan reads are counted, and those of an index scan are not', async ({
  url,
  client,
}) => {
  const before = await scannedRows(url)
  await client.query(
    "select version from aggregates where type = 'product' and id = gen_random_uuid() limit 1",
  )
  expect(await scannedRows(url)).toBeGreaterThan(before)
  const after = await scannedRows(url)
  await client.query("select version from aggregates where type = 'stock' and id = $1", [crypto.randomUUID()])
  expect(await scannedRows(url)).toBe(after)
})
