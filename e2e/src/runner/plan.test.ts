import { describe, expect, test } from 'vitest'
import { readOptions } from './options.ts'
import { plan } from './plan.ts'
import { seeded } from './random.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { scenarios } from '../scenarios/all.ts'

const scenario = (name: string, kind: Partial<Scenario> = {}): Scenario => ({
  name,
  fails: 'x',
  when: 'y',
  recovers: 'z',
  inject: async () => {},
  ...kind,
})

const all = ['a', 'b', 'c'].map((name) => scenario(name, { short: true }))
const long = scenario('long')
const alone = scenario('alone', { alone: true })

function names(options: Partial<Parameters<typeof plan>[1]>, elapsed = () => 0, seed = 1): string[] {
  const wanted = { long: false, minutes: 1, only: [], ...options }
  return [...plan([...all, long, alone], wanted, seeded(seed), elapsed)].map((faults) =>
    faults.map(({ name }) => name).join('+'),
  )
}

describe('a run', () => {
  test('is the short set and two pairs of it', () => {
    const [a, b, c, ...pairs] = names({})
    expect([a, b, c]).toEqual(['a', 'b', 'c'])
    expect(pairs).toEqual([expect.stringMatching(/^[abc]\+[abc]$/), expect.stringMatching(/^[abc]\+[abc]$/)])
  })

  test('that is long has every scenario, then pairs until the time is over, without those that run alone', () => {
    let now = 0
    const found = names({ long: true }, () => (now += 1_000))
    expect(found.slice(0, 5)).toEqual(['a', 'b', 'c', 'long', 'alone'])
    expect(found.slice(5)).toHaveLength(59)
    for (const pair of found.slice(5)) expect(pair).not.toMatch(/alone|(\w+)\+\1/)
  })

  test('has the same pairs for the same seed', () => {
    expect(names({}, undefined, 7)).toEqual(names({}, undefined, 7))
    const pairs = [1, 2, 3, 4, 5].map((seed) => names({}, undefined, seed).slice(3).join(' '))
    expect(new Set(pairs).size).toBeGreaterThan(1)
  })

  test('has the chosen scenarios only', () => {
    expect(names({ only: [[alone], [long, alone]] })).toEqual(['alone', 'long+alone'])
  })
})

test('options come from the variables of make', () => {
  const [a, b, c] = all as [Scenario, Scenario, Scenario]
  expect(readOptions({ LONG: '1', SEED: '7', MINUTES: '90', ONLY: 'a, b+c' }, all)).toEqual({
    long: true,
    seed: 7,
    minutes: 90,
    only: [[a], [b, c]],
  })
  expect(readOptions({}, all)).toMatchObject({ long: false, minutes: 60, only: [] })
  expect(() => readOptions({ SEED: 'x' }, all)).toThrow('SEED must be a whole number')
  expect(() => readOptions({ ONLY: 'a+d' }, all)).toThrow(
    'ONLY: there is no scenario d; the scenarios are a, b, c',
  )
})

test('scenarios have unique names that fit on a command line', () => {
  const given = scenarios.map(({ name }) => name)
  expect(new Set(given).size).toBe(given.length)
  for (const name of given) expect(name).toMatch(/^[a-z0-9-]+$/)
})
