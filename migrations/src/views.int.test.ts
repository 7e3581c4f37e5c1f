import { freshPostgres } from '@lockstep/testkit/fresh-names.ts'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { createViews } from './views.ts'

async function database() {
  const client = new Client(await freshPostgres(inject('postgresUrl')))
  await client.connect()
  await client.query(
    `create table aggregates (type text, id int, version bigint, state jsonb, created_at int, updated_at int, deleted_at int)`,
  )
  const columns = async () => {
    const { rows } = await client.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = 'notes' order by ordinal_position`,
    )
    return rows.map((row) => row.name)
  }
  return { client, columns, [Symbol.asyncDispose]: () => client.end() }
}

const notes = (columns: Record<string, string>) => ({ type: 'note', collection: 'notes', view: { columns } })

test('a view has the columns of its definition and of the envelope, for its type only', async () => {
  await using db = await database()
  await db.client.query(`insert into aggregates values
    ('note', 1, 2, '{"title": "Tea"}', 3, 4, null), ('memo', 1, 2, '{"title": "Coffee"}', 3, 4, null)`)
  await createViews(db.client, [notes({ title: `state ->> 'title'` })])
  const { rows } = await db.client.query('select * from notes')
  expect(rows).toEqual([
    { id: 1, version: '2', title: 'Tea', created_at: 3, updated_at: 4, deleted_at: null },
  ])
})

test('a view follows its definition when the columns change, and the result says what was done', async () => {
  await using db = await database()
  const create = async (columns: Record<string, string>) =>
    (await createViews(db.client, [notes(columns)])).map(({ outcome, view }) => `${outcome} ${view}`)
  expect(await create({ title: `state ->> 'title'` })).toEqual(['created notes'])
  expect(await create({ title: `upper(state ->> 'title')` })).toEqual(['replaced notes'])
  const columns = { heading: `state ->> 'title'`, pages: `(state ->> 'pages')::int` }
  expect(await create(columns)).toEqual(['replaced notes'])
  expect(await create(columns)).toEqual(['unchanged notes'])
  expect(await db.columns()).toEqual([
    'id',
    'version',
    'heading',
    'pages',
    'created_at',
    'updated_at',
    'deleted_at',
  ])
})

test('a view that cannot be created fails the command and leaves the old view', async () => {
  await using db = await database()
  await createViews(db.client, [notes({ title: `state ->> 'title'` })])
  await expect(createViews(db.client, [notes({ title: 'no_such_column' })])).rejects.toThrow('no_such_column')
  expect(await db.columns()).toContain('title')
})
