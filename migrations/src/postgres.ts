import { fileURLToPath } from 'node:url'
import { postgresSettings } from '@lockstep/core/config/setting-groups.ts'
import { readSettings } from '@lockstep/core/config/settings.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { checkAggregates } from '@lockstep/writer-service/runtime/check-aggregate.ts'
import { Migration, runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { runMain } from './run-main.ts'
import { createViews } from './views.ts'

/** `make migrate_up`, `make migrate_down` and `make migrate_create NAME=...`. */

const folder = fileURLToPath(new URL('../postgres', import.meta.url))

async function migrate(direction: 'up' | 'down'): Promise<void> {
  const { POSTGRES_URL: databaseUrl } = readSettings(postgresSettings, process.env)
  const done = await runner({
    databaseUrl,
    dir: folder,
    direction,
    // Down reverts the latest migration only: an operator asks for each step.
    count: direction === 'down' ? 1 : Infinity,
    migrationsTable: 'schema_migrations',
    log: () => {},
  })
  for (const { name } of done) console.log(`migrated ${direction.padEnd(5)}${name}`)
  if (done.length === 0) console.log(direction === 'up' ? 'no new migrations' : 'nothing to revert')
  if (direction === 'up') await replaceViews(databaseUrl)
}

/** The views follow the definitions of the aggregates, which no migration knows. */
async function replaceViews(connectionString: string): Promise<void> {
  checkAggregates(aggregates)
  const client = new Client({ connectionString })
  await client.connect()
  try {
    for (const { outcome, view } of await createViews(client, aggregates)) {
      console.log(`${outcome.padEnd(10)} view ${view}`)
    }
  } finally {
    await client.end()
  }
}

async function create(name: string | undefined): Promise<void> {
  if (name === undefined || !/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new Error(
      'name the migration in lower case with hyphens, for example: make migrate_create NAME=add-brand',
    )
  }
  console.log(`created ${await Migration.create(name, folder, { language: 'sql' })}`)
}

async function main([action, name]: string[]): Promise<void> {
  if (action === 'up' || action === 'down') return migrate(action)
  if (action === 'create') return create(name)
  throw new Error('usage: postgres.ts up | down | create NAME')
}

await runMain('The migration failed', () => main(process.argv.slice(2)))
