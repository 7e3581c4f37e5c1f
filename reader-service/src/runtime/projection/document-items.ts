import type { z } from '@hono/zod-openapi'
import type { StoredItem } from '../queries/definition.ts'
import type { Items } from '../read-model.ts'
import type { DocumentFields } from './document-store.ts'

/** The items of a read model that keeps documents: the public fields, and their bytes in the cache. */
export function documentItems(document: DocumentFields, schemas: Readonly<Record<string, z.ZodType>>): Items {
  const fields = Object.keys(schemas)
  const dates = new Set(fields.filter((field) => isDate(schemas[field]!)))

  const itemOf = (id: string, version: number, deleted: boolean, from: () => object): StoredItem =>
    deleted
      ? { id, version, deleted }
      : { id, version, ...pick(from() as Record<string, unknown>, fields), deleted }

  return {
    fields,
    ofState: (state) => itemOf(state.id, state.version, state.deleted, () => document(state)),
    ofDocument: (stored) => itemOf(stored._id, stored.version, stored.deleted, () => stored),
    encode: (item) => (item.deleted ? '' : JSON.stringify(pick({ ...item }, fields))),
    decode(id, version, body) {
      if (body === '') return { id, version, deleted: true }
      const values = JSON.parse(body) as Record<string, unknown>
      for (const field of dates) values[field] = new Date(values[field] as string)
      return { id, version, ...values, deleted: false }
    },
  }
}

function isDate(schema: z.ZodType): boolean {
  const { type, format } = schema.def as { type: string; format?: string }
  return type === 'string' && format === 'datetime'
}

function pick(values: Readonly<Record<string, unknown>>, fields: readonly string[]): object {
  return Object.fromEntries(fields.map((field) => [field, values[field]]))
}
