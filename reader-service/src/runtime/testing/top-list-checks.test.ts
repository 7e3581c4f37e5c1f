import { expect, test } from 'vitest'
import { violationsOf, type WrittenVersion } from './top-list-checks.ts'

const at = (id: string, version: number, key: number, from: number, to = Infinity): WrittenVersion => {
  return { id, version, key, from, to }
}
/** A moves below the others at 100, and B above them at 200. C stays between. */
const written = [
  at('a', 1, 9, 0, 100),
  at('a', 2, 1, 100),
  at('b', 1, 2, 0, 200),
  at('b', 2, 8, 200),
  at('c', 1, 5, 0),
]
const violations = (startedAt: number, ...items: [id: string, version: number][]) =>
  violationsOf({ startedAt, items: items.map(([id, version]) => ({ id, version })) }, written, {
    limit: 2,
    maxLagMs: 50,
  })

test('the list of one moment within the lag is accepted', () => {
  expect(violations(90, ['a', 1], ['c', 1])).toEqual([])
  expect(violations(120, ['a', 1], ['c', 1])).toEqual([])
  expect(violations(190, ['c', 1], ['b', 1])).toEqual([])
  expect(violations(500, ['b', 2], ['c', 1])).toEqual([])
})

test.each([
  ['replaced before the lag', 200, ['a', 1], ['c', 1]],
  ['no moment had all', 110, ['a', 1], ['b', 2]],
  ['c is missing', 150, ['b', 1], ['a', 2]],
  ['appears twice', 500, ['b', 2], ['b', 2]],
  ['not in order', 500, ['c', 1], ['b', 2]],
  ['it has 1 items', 500, ['b', 2]],
  ['was not written', 500, ['b', 3], ['c', 1]],
] as [string, number, ...[string, number][]][])(
  'a list is rejected if %s',
  (problem, startedAt, ...items) => {
    expect(violations(startedAt, ...items)).toEqual([expect.stringContaining(problem)])
  },
)
