import { expect, test } from 'vitest'
import { percentile } from './percentile.ts'

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
  [0, 1],
])('the percentile of %d is a value that was measured', (share, value) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(values, share)).toBe(value)
})

test('one value is every percentile', () => {
  expect([0, 0.5, 0.99, 1].map((share) => percentile([7], share))).toEqual([7, 7, 7, 7])
})
