import { expect, test } from 'vitest'
import { judgeSoak, type Soak } from './judge-soak.ts'

const minutes = 60

/** Grows for ten minutes, then by this share per minute. */
function soak(growth: number, rest: Partial<Soak> = {}): Soak {
  const memory = Array.from({ length: minutes * 12 }, (_, index) => {
    const atMinute = index / 12
    const settled = 100 + 10 * Math.min(10, atMinute)
    return { atMinute, writer: settled * (1 + growth * Math.max(0, atMinute - 10)), reader: settled }
  })
  return { minutes, perSecond: 100, requests: 1_000, errors: new Map(), lag: 0, memory, ...rest }
}

const failures = (result: Soak) => judgeSoak(result).flatMap(({ what, ok }) => (ok ? [] : [what]))

test('memory that grows only at first is flat', () => {
  expect(failures(soak(0))).toEqual([])
})

test('memory that keeps growing is a leak of that service', () => {
  expect(failures(soak(0.002))).toEqual(['memory of the writer'])
})

test('one error and one late event fail a soak', () => {
  const what = ['events that are not projected at the end', 'errors among 1000 requests']
  const now = new Date()
  const errors = new Map([['GET: 500', { count: 1, first: now, last: now }]])
  expect(failures(soak(0, { lag: 1, errors }))).toEqual(what)
})
