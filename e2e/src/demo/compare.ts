import type { Product } from '@lockstep/contracts/gen/lockstep/product/v1/product.ts'

const fields = [
  'id',
  'version',
  'name',
  'description',
  'category',
  'priceCents',
  'createdAt',
  'updatedAt',
] as const satisfies (keyof Product)[]

/** What is different, field by field, in words; `undefined` is a product that does not exist. */
export function differences(expected: Product | undefined, got: Product | undefined): string[] {
  if (expected === undefined) return got === undefined ? [] : ['it was deleted, and can still be read']
  if (got === undefined) return ['it cannot be found']
  return fields.flatMap((field) =>
    shown(expected[field]) === shown(got[field])
      ? []
      : [`${field}: expected ${shown(expected[field])}, read ${shown(got[field])}`],
  )
}

/** JSON escapes nothing that could hide a difference, and writes dates to the millisecond. */
function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
