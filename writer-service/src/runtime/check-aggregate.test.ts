import { expect, test } from 'vitest'
import { checkAggregates } from './check-aggregate.ts'

const product = { type: 'product', collection: 'products' }

test('aggregates with their own types and collections are accepted', () => {
  expect(() => checkAggregates([product, { type: 'stock', collection: 'stock' }])).not.toThrow()
})

test('two aggregates with the same collection fail: their routes and their SQL view would be the same', () => {
  expect(() => checkAggregates([product, { type: 'good', collection: 'products' }])).toThrow(
    'the aggregates product and good have the same collection products',
  )
})

test('two aggregates with the same type fail', () => {
  expect(() => checkAggregates([product, { type: 'product', collection: 'goods' }])).toThrow(
    'two aggregates have the type product',
  )
})
