import { MongoClient } from 'mongodb'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { freshMongo, freshPostgres } from '@lockstep/testkit/fresh-names.ts'
import { coordinatorAnswers } from './kafka-readiness.ts'

test('the shared servers respond, and a fresh database is empty', async () => {
  const client = new pg.Client({ connectionString: await freshPostgres(inject('postgresUrl')) })
  await client.connect()
  const { rowCount } = await client.query(`select from pg_tables where schemaname = 'public'`)
  await client.end()
  expect(rowCount).toBe(0)
  await coordinatorAnswers(Number(inject('kafkaBrokers')[0]?.split(':')[1]))
})

test('a versioned upsert applies only a higher version, and finds the document by its id', async () => {
  await using client = await new MongoClient(freshMongo(inject('mongoUrl'))).connect()
  const products = client.db().collection<{ _id: string; version: number; deleted?: boolean }>('products')
  const apply = (version: number) =>
    products.updateOne({ _id: 'a', version: { $lt: version } }, { $set: { version } }, { upsert: true })
  expect((await apply(2)).upsertedCount).toBe(1)
  expect((await apply(3)).matchedCount).toBe(1)
  await expect(apply(3)).rejects.toMatchObject({ code: 11_000 })
  expect(await products.findOne({ _id: 'a', version: { $lt: 3 } })).toBeNull()
  expect(await products.find({ _id: { $in: ['a', 'b'] }, version: 3 }).toArray()).toEqual([
    { _id: 'a', version: 3 },
  ])
})
