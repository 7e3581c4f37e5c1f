import type { ProductState } from '../../domain/product.ts'

/** The bytes of an entry; empty for a deleted product. */
export function entryBody(state: ProductState): string {
  if (state.deleted) return ''
  const { id, version, deleted, ...fields } = state
  return JSON.stringify(fields)
}

type Fields = {
  name: string
  description: string
  category: string
  priceCents: number
  createdAt: string
  updatedAt: string
}

/** The inverse of `entryBody`. Throws a SyntaxError for what it did not make. */
export function entryState(id: string, version: number, body: string): ProductState {
  if (body === '') return { id, version, deleted: true }
  const fields = JSON.parse(body) as Fields
  return {
    id,
    version,
    ...fields,
    createdAt: new Date(fields.createdAt),
    updatedAt: new Date(fields.updatedAt),
    deleted: false,
  }
}

/** Up to a tenth shorter, so that entries made together do not expire together. */
export function jittered(ttlMs: number): number {
  return Math.ceil(ttlMs * (1 - Math.random() / 10))
}
