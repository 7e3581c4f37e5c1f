import { expect, test } from 'vitest'
import { backoff } from './backoff.ts'

test('a wait is anything up to a bound that doubles until the limit', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 1_000].map((attempt) =>
    backoff(attempt, 5_000, { random: () => 0.999999 }),
  )
  expect(bounds).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000])
  expect(backoff(1_000, 5_000, { random: () => 0 })).toBe(0)
  expect(backoff(1, 32, { baseMs: 1, random: () => 0.999999 })).toBe(2)
})
