import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Client } from 'pg'
import { inject, test as plain, expect } from 'vitest'
import { scannedTables, statementOf } from './plans.ts'
import { referenceDatabase } from './reference-database.ts'

const test = plain.extend('client', { scope: 'file' }, async ({}, { onCleanup }) => {
  const client = new Client({ connectionString: await referenceDatabase(inject('postgresUrl')) })
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

test('a parameter becomes a value of the plan', async ({ client }) => {
  const bySize = "select version from aggregates where type = 'product' and version > $1::bigint"
  expect(await scannedTables(client, bySize)).toEqual(['aggregates'])
})
