import { expect, test } from 'vitest'
import { existingAggregates, refuseConflicts } from './name-conflicts.ts'
import { UsageError } from './parse-arguments.ts'

test('the name and the collection of an existing aggregate are refused', async () => {
  const existing = await existingAggregates()
  const refuse = (name: string, collection: string) => () => refuseConflicts({ name, collection }, existing)
  expect(refuse('good', 'products')).toThrow(UsageError)
  expect(refuse('good', 'products')).toThrow('the aggregate product has the collection products')
  expect(refuse('product', 'goods')).toThrow('there is an aggregate product')
  expect(refuse('good', 'goods')).not.toThrow()
})
