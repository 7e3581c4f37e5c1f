import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A statement that each connection prepares once, under the name of its file. */
export type Statement = { name: string; text: string }

/** Reads the one statement in a `.sql` file: `sql(import.meta.url, './load-products.sql')`. */
export function sql(from: string, file: string): Statement {
  const path = fileURLToPath(new URL(file, from))
  return { name: basename(path, '.sql'), text: readFileSync(path, 'utf8') }
}
