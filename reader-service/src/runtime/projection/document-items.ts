import type { z } from '@hono/zod-openapi'
import type { StoredItem } from '../queries/definition.ts'
import type { Items } from '../read-model.ts'
import type { DocumentFields } from './document-store.ts'

/** The items of a read model that keeps documents: the public fields, and their text in responses and in the cache. */
export function documentItems(document: DocumentFields, schemas: Readonly<Record<string, z.ZodType>>): Items {
  const fields = Object.keys(schemas)
  const inJson = ['id', 'version', ...fields]
  const dates = new Set(fields.filter((field) => isDate(schemas[field]!)))

  const itemOf = (id: string, version: number, deleted: boolean, from: () => object): StoredItem =>
    deleted
      ? { id, version, deleted }
      : { id, version, ...pick(from() as Record<string, unknown>, fields), deleted }

  return {
    fields,
    ofState: (state) => itemOf(state.id, state.version, state.deleted, () => document(state)),
    ofDocument: (stored) => itemOf(stored._id, stored.version, stored.deleted, () => stored),
    // JSON writes a Date as RFC 3339 in UTC with milliseconds.
    encode: (item) => (item.deleted ? '' : JSON.stringify(pick({ ...item }, inJson))),
    decode(id, version, json) {
      if (json === '') return { id, version, deleted: true }
      const values = JSON.parse(json) as Record<string, unknown>
      for (const field of dates) values[field] = new Date(values[field] as string)
      return { ...values, id, version, deleted: false }
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
