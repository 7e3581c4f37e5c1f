import type { z } from '@hono/zod-openapi'
import type { StoredItem } from '../queries/definition.ts'
import type { Items } from '../read-model.ts'
import type { DocumentFields } from './document-store.ts'

/** The items of a read model that keeps documents: the public fields, and their text in responses and in the cache. */
export function documentItems(document: DocumentFields, schemas: Readonly<Record<string, z.ZodType>>): Items {
  const fields = Object.keys(schemas)
  const dates = new Set(fields.filter((field) => isDate(schemas[field]!)))

  // The projection builds an item and its text for each event, so this avoids copies.
  const itemOf = (id: string, version: number, deleted: boolean, from: () => object): StoredItem => {
    if (deleted) return { id, version, deleted }
    const values = from() as Record<string, unknown>
    const item: Record<string, unknown> = { id, version }
    for (const field of fields) item[field] = values[field]
    item.deleted = false
    return item as StoredItem
  }

  return {
    fields,
    ofState: (state) => itemOf(state.id, state.version, state.deleted, () => document(state)),
    ofDocument: (stored) => itemOf(stored._id, stored.version, stored.deleted, () => stored),
    // JSON leaves out what is undefined, and writes a Date as RFC 3339 in UTC with milliseconds.
    encode: (item) => (item.deleted ? '' : JSON.stringify({ ...item, deleted: undefined })),
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
