import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freshPostgres } from '@lockstep/local-infra/fresh-names.ts'

const migrations = fileURLToPath(import.meta.resolve('@lockstep/migrations/postgres.ts'))

/** The URL of a new database with the current schema, migrated by the same command that operators run. */
export async function migratedDatabase(postgresUrl: string): Promise<string> {
  const POSTGRES_URL = await freshPostgres(postgresUrl)
  await promisify(execFile)(process.execPath, [migrations, 'up'], { env: { ...process.env, POSTGRES_URL } })
  return POSTGRES_URL
}
