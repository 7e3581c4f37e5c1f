import { readFile } from 'node:fs/promises'
import type { Client } from 'pg'

/** The tables that grow; a scan of one of them makes a reference slower the longer it runs. */
const BIG_TABLES = ['aggregates', 'events', 'outbox', 'command_results']

/** A reference works on one aggregate, so it needs a few rows of each table. */
const MOST_ROWS = 10

type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

/** The statement of a script for pgbench, with $1, $2 and so on for its variables. */
export async function statementOf(file: string): Promise<string> {
  const names: string[] = []
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => !/^(--|\\)/.test(line))
  return lines
    .join('\n')
    .trim()
    .replace(/;$/, '')
    .replaceAll(/(?<!:):([a-z]\w*)/g, (_, name: string) => {
      if (!names.includes(name)) names.push(name)
      return `$${names.indexOf(name) + 1}`
    })
}

/**
 * The big tables that the generic plan of the statement scans from end to end, or of which it reads many rows, such as an
 * index scan over all aggregates of a type. Runs the statement, and reverts what it did.
 */
export async function scannedTables(client: Client, statement: string): Promise<string[]> {
  await client.query('begin')
  try {
    await client.query("set local plan_cache_mode = 'force_generic_plan'")
    await client.query(`prepare reference as ${statement}`)
    const { rows: types } = await client.query<{ parameters: number }>(
      "select cardinality(parameter_types) as parameters from pg_prepared_statements where name = 'reference'",
    )
    const values = Array.from({ length: types[0]?.parameters ?? 0 }, () => '1')
    const call = values.length > 0 ? `(${values.join(', ')})` : ''
    const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
      `explain (analyze, format json) execute reference${call}`,
    )
    return scansIn(rows[0]!['QUERY PLAN'][0]!.Plan)
  } finally {
    await client.query('rollback; deallocate reference')
  }
}

function scansIn(node: PlanNode): string[] {
  const { 'Node Type': type, 'Relation Name': table = '', Plans: plans = [] } = node
  const read = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  const scans = type === 'Seq Scan' || (type.endsWith('Scan') && read > MOST_ROWS)
  return [...(scans && BIG_TABLES.includes(table) ? [table] : []), ...plans.flatMap(scansIn)]
}
