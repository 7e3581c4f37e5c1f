import type { Tombstone } from '../../runtime/queries/definition.ts'
import type { Product } from '../product-read-model.ts'

/** States for tests. */

export function productAt(id: string, version: number, changed: Partial<Product> = {}): Product {
  return {
    id,
    version,
    name: `Teapot, version ${version}`,
    description: 'Blue',
    category: 'kitchen',
    priceCents: 0,
    createdAt: new Date('2026-03-14T09:26:53.589Z'),
    updatedAt: new Date('2026-03-15T10:00:00.123Z'),
    deleted: false,
    ...changed,
  }
}

export function tombstoneAt(id: string, version: number): Tombstone {
  return { id, version, deleted: true }
}
