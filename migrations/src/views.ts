import type { Client } from 'pg'

/** A SQL view of one aggregate type, for people and BI tools: real columns over the jsonb state. */
export type AggregateView = { type: string; collection: string; view: { columns: Record<string, string> } }

/** The statement that creates the view. Names and expressions come from definitions in the code, never from input. */
export function viewStatement({ type, collection, view }: AggregateView): string {
  const columns = Object.entries(view.columns).map(([name, expression]) => `${expression} as "${name}"`)
  return [
    `create or replace view "${collection}" as`,
    `select ${['id', 'version', ...columns, 'created_at', 'updated_at', 'deleted_at'].join(', ')}`,
    `from aggregates`,
    `where type = '${type}'`,
  ].join('\n')
}

/** A view whose columns changed cannot be replaced: 42P16 invalid_table_definition. */
const COLUMNS_CHANGED = '42P16'

export type ViewResult = { outcome: 'created' | 'replaced' | 'unchanged'; view: string }

/** Creates each view, or replaces it; a view whose columns changed is dropped first. */
export async function createViews(
  client: Client,
  aggregates: readonly AggregateView[],
): Promise<ViewResult[]> {
  const results: ViewResult[] = []
  for (const aggregate of aggregates) {
    const { collection } = aggregate
    const create = viewStatement(aggregate)
    await client.query('begin')
    try {
      const before = await definitionOf(client, collection)
      await client.query('savepoint replacing')
      await client.query(create).catch(async (error: { code?: string }) => {
        if (error.code !== COLUMNS_CHANGED) throw error
        await client.query('rollback to savepoint replacing')
        await client.query(`drop view "${collection}"`)
        await client.query(create)
      })
      const after = await definitionOf(client, collection)
      await client.query('commit')
      const outcome = before === null ? 'created' : before === after ? 'unchanged' : 'replaced'
      results.push({ outcome, view: collection })
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }
  return results
}

/** The query of a view as Postgres prints it; null if the view does not exist. */
async function definitionOf(client: Client, view: string): Promise<string | null> {
  const { rows } = await client.query<{ definition: string | null }>(
    'select pg_get_viewdef(to_regclass($1)) as definition',
    [`"${view}"`],
  )
  return rows[0]?.definition ?? null
}
