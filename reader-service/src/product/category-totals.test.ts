import type { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import { expect, test } from 'vitest'
import { categoryTotals } from './category-totals.ts'

const at = new Date('2026-03-15T10:00:00.123Z')
const event = (version: number, change: ProductEvent['change']): ProductEvent => ({
  eventId: '0198c0de-7a11-7c0d-8000-00000000e001',
  productId: 'p',
  version,
  occurredAt: at,
  createdAt: at,
  change,
})
const contribution = (of: ProductEvent) => categoryTotals.source.stateOf(of)

test('a product counts in its category with its price, and a deleted one in none', () => {
  const details = { name: 'Teapot', description: '', category: 'kitchen', priceCents: 3490 }
  expect(contribution(event(1, { $case: 'created', created: { details } }))).toEqual({
    id: 'p',
    version: 1,
    deleted: false,
    at,
    share: { group: 'kitchen', value: 3490 },
  })
  expect(contribution(event(2, { $case: 'deleted', deleted: {} }))).toEqual({
    id: 'p',
    version: 2,
    deleted: true,
    at,
  })
})
