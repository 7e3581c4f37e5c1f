import { MongoClient } from 'mongodb'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import type { Bench } from '../case.ts'

export type FreshDatabases = { POSTGRES_URL: string; MONGO_URL: string }

/**
 * Runs the services on new databases of the same servers, and on the first ones again afterwards. `prepare` runs before
 * the services start.
 */
export async function onFreshDatabases<T>(
  { stack, pipeline }: Bench,
  prepare: (databases: FreshDatabases) => Promise<void>,
  work: (databases: FreshDatabases) => Promise<T>,
): Promise<T> {
  const { settings } = stack
  const databases = {
    POSTGRES_URL: await migratedDatabase(settings.POSTGRES_URL),
    MONGO_URL: freshMongo(settings.MONGO_URL),
  }
  await runSetup('mongo', databases)
  await prepare(databases)
  const { POSTGRES_URL, MONGO_URL } = databases
  try {
    await stack.restart('writer', { POSTGRES_URL })
    await stack.restart('reader', { MONGO_URL })
    await pipeline.follow(POSTGRES_URL)
    return await work(databases)
  } finally {
    await pipeline.follow()
    await stack.restart('writer')
    await stack.restart('reader')
    await using mongo = new MongoClient(MONGO_URL)
    await mongo.db().dropDatabase()
  }
}
