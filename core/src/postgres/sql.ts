import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A statement that each connection prepares once. The name contains a digest, so two files may have the same name. */
export type Statement = { name: string; text: string }

/** Reads the one statement in a `.sql` file: `sql(import.meta.url, './load-products.sql')`. */
export function sql(from: string, file: string): Statement {
  const path = fileURLToPath(new URL(file, from))
  const text = readFileSync(path, 'utf8')
  const digest = createHash('sha256').update(text).digest('hex')
  return { name: `${basename(path, '.sql')}-${digest.slice(0, 8)}`, text }
}
