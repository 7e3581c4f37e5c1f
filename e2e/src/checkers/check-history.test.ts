import { describe, expect, test } from 'vitest'
import type { Evidence } from '../evidence/evidence.ts'
import type { History } from '../evidence/history.ts'
import { judge } from './check-history.ts'
import { story } from '../runner/timeline.ts'
import { product, tombstone, event, attempt, read, bad, truth } from './sound-history.ts'
import { show } from './violation.ts'

const judged = (change: Partial<Evidence & History>) => {
  const all = { ...truth, ...change }
  return judge(all, all).map(show)
}

test('a true history breaks no promise, repeats included', () => {
  expect(judged({})).toEqual([])
})

type Planted = [promise: string, name: string, change: Partial<Evidence & History>, what: RegExp]

const planted: Planted[] = [
  [
    'L',
    'acknowledged, not in the store',
    { commands: [...truth.commands, attempt('update', 'a', 'a3', 3)] },
    /as version 3 is not in the store/,
  ],
  [
    'L',
    'acknowledged as the version of another',
    { commands: [...truth.commands, attempt('update', 'a', 'x', 2)] },
    /not in the store/,
  ],
  [
    'L',
    'not in the topic',
    { topic: truth.topic.filter(({ id }) => id !== 'b') },
    /version 1, 2 is not in the topic/,
  ],
  [
    'L',
    'behind in the model',
    { model: [product('a', 1), tombstone('b', 2)], cache: [] },
    /model is at version 1, the store at 2/,
  ],
  [
    'D',
    'done although refused',
    { commands: truth.commands.with(1, attempt('update', 'a', 'a2', 'nothing_done')).toSpliced(2, 1) },
    /refused with unavailable is in the store/,
  ],
  [
    'D',
    'done twice',
    { store: new Map([...truth.store, ['a', [event('a', 1), { ...event('a', 2), mark: 'a1' }]]]) },
    /took effect 2 times/,
  ],
  ['D', 'done, and nobody asked', { commands: truth.commands.slice(3) }, /nobody asked for version 1/],
  [
    'D',
    'one key, two answers',
    { commands: [...truth.commands, attempt('update', 'a', 'a2', 1)] },
    /answered differently/,
  ],
  [
    'D',
    'one deletion, two callers',
    { commands: [...truth.commands, attempt('delete', 'b', 'd2', 2)] },
    /several callers/,
  ],
  [
    'D',
    'deleted, and nobody asked',
    { commands: truth.commands.slice(0, -1) },
    /nobody asked for the deletion/,
  ],
  [
    'O',
    'a hole in the store',
    { store: new Map([...truth.store, ['a', [event('a', 1), event('a', 3)]]]) },
    /version 3 is number 2/,
  ],
  [
    'O',
    'two creations',
    { store: new Map([...truth.store, ['a', [event('a', 1), event('a', 2, 'created')]]]) },
    /version 2 is created/,
  ],
  [
    'O',
    'life after a deletion',
    { store: new Map([...truth.store, ['b', [event('b', 1), event('b', 2, 'deleted'), event('b', 3)]]]) },
    /behind its deletion/,
  ],
  [
    'O',
    'a later version first',
    { topic: [event('a', 2), event('a', 1), event('b', 1), event('b', 2)] },
    /version 2 follows version 0/,
  ],
  [
    'O',
    'other bytes',
    { topic: truth.topic.with(0, { ...event('a', 1), payload: Buffer.from('x') }) },
    /not the stored one/,
  ],
  [
    'C',
    'another field in the model',
    { model: [{ ...product('a', 2), priceCents: 2 }, tombstone('b', 2)], cache: [] },
    /the model has .*"priceCents":2/,
  ],
  ['C', 'no tombstone', { model: [product('a', 2)] }, /the model has nothing/],
  ['C', 'a ghost', { model: [...truth.model, product('c', 1)] }, /the store has no event/],
  ['C', "the writer's state", { states: [product('a', 1), tombstone('b', 2)] }, /the writer's state has/],
  [
    'C',
    'an answer that no event made',
    { reads: [{ ...read('a', 2), answer: { type: 'found', product: { ...product('a', 2), name: 'x' } } }] },
    /a query answered .*"name":"x"/,
  ],
  [
    'M',
    'a version that goes down',
    { reads: [...truth.reads, read('a', 1)] },
    /version 1 at .* after version 2/,
  ],
  [
    'M',
    'not found after it was there',
    { reads: [...truth.reads, read('a', 'not_found')] },
    /not found at .* after version 2/,
  ],
  ['M', 'back from the dead', { reads: [...truth.reads, read('b', 1)] }, /version 1 at .* after not found/],
  ['M', 'below min_version', { reads: [read('a', 1, { minVersion: 2 })] }, /version 1 for min_version 2/],
  ['S', 'an old entry', { cache: [product('a', 1)] }, /the cache has .*"version":1/],
  ['S', 'an entry of nothing', { cache: [product('c', 1)] }, /the model nothing/],
  ['P', 'too late', { recoveries: [{ ...truth.recoveries[0]!, readableAt: 31_001 }] }, /after 30001 ms/],
  [
    'P',
    'never',
    { recoveries: [{ ...truth.recoveries[0]!, readableAt: undefined }] },
    /nothing came from w to r/,
  ],
  ['E', 'not in the error topic', { rejected: { bad: [bad], given: [] } }, /t\/1@7 is bad and not/],
  ['E', 'good and given up', { rejected: { bad: [], given: [{ ...bad, group: 'g' }] } }, /was good/],
  [
    'E',
    'without its headers',
    { rejected: { bad: [bad], given: [{ ...bad, group: 'g', headers: {} }] } },
    /other bytes or headers/,
  ],
]

describe('a broken promise is found', () => {
  test.each(planted)('%s: %s', (promise, _name, change, what) => {
    const found = judged(change)
    expect(found).toContainEqual(expect.stringMatching(what))
    expect(found.filter((line) => what.test(line)).every((line) => line.startsWith(promise))).toBe(true)
  })
})

test('reads that overlap on a connection have no order', () => {
  const [first, second] = [read('a', 2), read('a', 1)]
  expect(judged({ reads: [first, { ...second, sentAt: first.sentAt }] })).toEqual([])
})

test('the story of a product stands beside what was done to the system', () => {
  const [create] = truth.commands
  const lines = story('a', { commands: [create!], reads: [read('a', 1)] }, [
    { at: create!.sentAt, what: 'kill' },
  ])
  expect(lines.map((line) => line.slice(14))).toEqual([
    '-> create a1 http w',
    '=== kill',
    '<- create a1 http w: acknowledged version 1',
    '<- read http c after 1 ms: version 1',
  ])
})
