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

/** Creates each view, or replaces it; a view whose columns changed is dropped first. */
export async function createViews(client: Client, aggregates: readonly AggregateView[]): Promise<void> {
  for (const aggregate of aggregates) {
    const create = viewStatement(aggregate)
    await client.query('begin')
    try {
      await client.query('savepoint replacing')
      await client.query(create).catch(async (error: { code?: string }) => {
        if (error.code !== COLUMNS_CHANGED) throw error
        await client.query('rollback to savepoint replacing')
        await client.query(`drop view "${aggregate.collection}"`)
        await client.query(create)
      })
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    }
  }
}
