import { randomBytes } from 'node:crypto'
import { createDatabase } from '@lockstep/local-infra/servers/postgres.ts'

/** A name for a topic, a group, a key prefix or a database that no other test uses. */
export function freshName(what = 'test'): string {
  return `${what}-${randomBytes(4).toString('hex')}`
}

/** The URL of a new, empty database on the server that the URL names. */
export function freshPostgres(postgresUrl: string): Promise<string> {
  return createDatabase(postgresUrl, freshName())
}

/** The URL of an unused database on the server that the URL names; MongoDB creates it at the first write. */
export function freshMongo(mongoUrl: string): string {
  return Object.assign(new URL(mongoUrl), { pathname: freshName() }).href
}
