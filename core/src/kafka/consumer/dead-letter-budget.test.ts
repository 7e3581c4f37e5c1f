import { expect, test } from 'vitest'
import { deadLetterBudget } from './dead-letter-budget.ts'

test('a partition produces at most the allowed number of dead letters within any minute', () => {
  const budget = deadLetterBudget(3)
  budget.spend(2, 0)
  expect(budget.left(1)).toBe(1)
  expect(budget.untilNext(1)).toBe(0)
  budget.spend(1, 10_000)
  expect(budget.left(20_000)).toBe(0)
  expect(budget.untilNext(20_000)).toBe(40_000)
  expect(budget.left(59_999)).toBe(0)
  expect(budget.left(60_000)).toBe(2)
  expect(budget.untilNext(60_000)).toBe(0)
  expect(budget.left(70_000)).toBe(3)
})
