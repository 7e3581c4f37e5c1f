import { expect, test } from 'vitest'
import type { Evidence } from '../evidence/evidence.ts'
import type { History, TotalsRead } from '../evidence/history.ts'
import { product as subject } from '../subjects/product.ts'
import { event, product, sound, tombstone, totalsRead } from './sound-history.ts'
import { show } from './violation.ts'
import { wrongTotals } from './totals.ts'

type Change = Partial<Pick<Evidence, 'events' | 'others'> & Pick<History, 'commands'>>

function violationsOf(totals: readonly TotalsRead[], change: Change = {}): string[] {
  const { commands, ...evidence } = { ...sound, ...change }
  return wrongTotals(subject.totals, evidence, totals, commands).map(show)
}

const atRest = { atRest: true } as const

test('totals that contain each aggregate at a possible version have no violation', () => {
  expect(violationsOf(sound.totals)).toEqual([])
})

test('at rest the totals are those of the newest versions, with those of all other aggregates', () => {
  const others = [{ ...product('x', 1), category: 'cups', priceCents: 7 }, tombstone('y', 3)]
  const right = [
    ['general', 1, 1],
    ['cups', 1, 7],
  ] as const
  expect(violationsOf([totalsRead(right, atRest)], { others })).toEqual([])
  expect(violationsOf([totalsRead(right.slice(0, 1), atRest)], { others })).toEqual([
    expect.stringContaining('totals: category-totals: cups count is 0, not from 1 to 1'),
  ])
})

test.each([
  ['a deleted aggregate counts', [['general', 2, 1]], atRest, 'count is 2, not from 1 to 1'],
  ['a group without members', [['cups', 1, 1]], {}, 'cups cannot have members'],
  ['an empty group', [['general', 0, 1]], {}, 'general is empty'],
  ['a group twice', [['general', 1, 1], ['general', 1, 1]], {}, 'a group is repeated'], // prettier-ignore
  ['another sum', [['general', 1, 2]], atRest, 'sum is 2, not from 1 to 1'],
  ['below min_version', [], { id: 'a', minVersion: 1 }, 'count is 0, not from 1 to 2'],
] as const)('a violation is found: %s', (_, groups, query, what) => {
  expect(violationsOf([totalsRead(groups, query)])).toContainEqual(expect.stringContaining(what))
})

test('a wrong minimum and a wrong maximum are found', () => {
  const events = new Map([
    ['a', [event('a', 1)]],
    ['b', [{ ...event('b', 1), state: { ...product('b', 1), priceCents: 5 } }]],
  ])
  const totals = (min: number, max: number) => {
    const groups = [{ group: 'general', count: 2, sum: 6, min, max }]
    const result = { type: 'found', groups, asOf: undefined } as const
    return [totalsRead([], { ...atRest, result })]
  }
  expect(violationsOf(totals(1, 5), { events })).toEqual([])
  expect(violationsOf(totals(2, 5), { events }).join()).toContain('min is 2, not from 1 to 1')
  expect(violationsOf(totals(1, 6), { events }).join()).toContain('max is 6, not from 5 to 5')
})

test('a stated time before that of the awaited version is found', () => {
  const read = totalsRead([['general', 1, 1]], { id: 'a', minVersion: 2 })
  const asOf = '2026-01-01T00:00:01.999Z'
  const stale = { ...read, result: { ...read.result, asOf } } as TotalsRead
  expect(violationsOf([read])).toEqual([])
  expect(violationsOf([stale])).toEqual([expect.stringContaining(`asOf is ${asOf}, and they contain`)])
})

test('no version is in the totals before its command was sent, or after a later one was answered', () => {
  const moved = { ...event('a', 2), state: { ...product('a', 2), category: 'cups' } }
  const events = new Map([['a', [event('a', 1), moved]]])
  const sentAt = Math.min(
    ...sound.commands.filter(({ mark }) => mark === 'a2').map((command) => command.sentAt),
  )
  const early = totalsRead([['cups', 1, 1]], { completedAt: sentAt - 1 })
  expect(violationsOf([early], { events })).toEqual([expect.stringContaining('cups cannot have members')])
  const later = totalsRead([['cups', 1, 1]], { id: 'a', minVersion: 2 })
  const old = totalsRead([['general', 1, 1]])
  expect(violationsOf([later, old], { events })).toContainEqual(
    expect.stringContaining('general cannot have members'),
  )
  expect(violationsOf([old, { ...later, completedAt: old.completedAt }], { events })).toEqual([])
})
