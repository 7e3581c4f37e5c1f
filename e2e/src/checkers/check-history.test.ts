import { describe, expect, test } from 'vitest'
import type { Evidence, Recovery } from '../evidence/evidence.ts'
import type { History } from '../evidence/history.ts'
import { checkHistory } from './check-history.ts'
import { lateRecoveries } from './progress.ts'
import { attempt, bad, event, product, read, recovery, sound, tombstone } from './sound-history.ts'
import { show } from './violation.ts'

type Change = Partial<Evidence & History & { recoveries: Recovery[] }>

function violationsOf(change: Change): string[] {
  const { recoveries, ...all } = { ...sound, recoveries: [recovery], ...change }
  return [...checkHistory(all, all), ...lateRecoveries(recoveries)].map(show)
}

test('a sound history has no violation, repeats included', () => {
  expect(violationsOf({})).toEqual([])
})

test('a command that found the state as it requests is acknowledged without an event of its own', () => {
  const repeated = (name: string) => ({ ...attempt('update', 'a', 'x', 2), unchangedIf: { name } })
  const { name } = event('a', 2).state
  expect(violationsOf({ commands: [...sound.commands, repeated(String(name))] })).toEqual([])
  expect(violationsOf({ commands: [...sound.commands, repeated('another')] })).toEqual([
    expect.stringContaining('not in the store'),
  ])
})

test('a second command that found the state as it requests may be acknowledged with the same version', () => {
  const counted = { ...event('a', 2), command: 'count', mark: undefined }
  const events = new Map([...sound.events, ['a', [event('a', 1), counted]]])
  const count = (mark: string, name: unknown) => ({
    ...attempt('update', 'a', mark, 2),
    type: 'count',
    unchangedIf: { name },
  })
  const withCounts = (...names: unknown[]) =>
    violationsOf({
      events,
      commands: [
        ...sound.commands.filter(({ mark }) => mark !== 'a2'),
        ...names.map((name, n) => count(`c${n}`, name)),
      ],
    })
  const { name } = counted.state
  expect(withCounts(name, name)).toEqual([])
  expect(withCounts('another', 'a third').join()).toContain('acknowledged to several callers')
})

type Planted = [check: string, name: string, change: Change, what: RegExp]

const planted: Planted[] = [
  [
    'lost writes',
    'acknowledged, not in the store',
    { commands: [...sound.commands, attempt('update', 'a', 'a3', 3)] },
    /as version 3 is not in the store/,
  ],
  [
    'lost writes',
    'acknowledged as the version of another',
    { commands: [...sound.commands, attempt('update', 'a', 'x', 2)] },
    /not in the store/,
  ],
  [
    'lost writes',
    'not in the topic',
    { topic: sound.topic.filter(({ id }) => id !== 'b') },
    /version 1, 2 is not in the topic/,
  ],
  [
    'lost writes',
    'behind in the read model',
    { readModel: [product('a', 1), tombstone('b', 2)], cache: [] },
    /read model is at version 1, the store at 2/,
  ],
  [
    'duplicate effects',
    'applied although refused',
    { commands: sound.commands.with(1, attempt('update', 'a', 'a2', 'nothing_done')).toSpliced(2, 1) },
    /refused with unavailable is in the store/,
  ],
  [
    'duplicate effects',
    'applied twice',
    { events: new Map([...sound.events, ['a', [event('a', 1), { ...event('a', 2), mark: 'a1' }]]]) },
    /took effect 2 times/,
  ],
  [
    'duplicate effects',
    'applied, and not requested',
    { commands: sound.commands.slice(3) },
    /no caller requested version 1/,
  ],
  [
    'duplicate effects',
    'one key, two results',
    { commands: [...sound.commands, attempt('update', 'a', 'a2', 1)] },
    /got different results/,
  ],
  [
    'duplicate effects',
    'one deletion, two callers',
    { commands: [...sound.commands, attempt('delete', 'b', 'd2', 2)] },
    /several callers/,
  ],
  [
    'duplicate effects',
    'deleted, and not requested',
    { commands: sound.commands.slice(0, -1) },
    /no caller requested the delete/,
  ],
  [
    'order',
    'a gap in the store',
    { events: new Map([...sound.events, ['a', [event('a', 1), event('a', 3)]]]) },
    /version 3 is number 2/,
  ],
  [
    'order',
    'two creations',
    { events: new Map([...sound.events, ['a', [event('a', 1), event('a', 2, 'created')]]]) },
    /version 2 is created/,
  ],
  [
    'order',
    'an event after a deletion',
    { events: new Map([...sound.events, ['b', [event('b', 1), event('b', 2, 'deleted'), event('b', 3)]]]) },
    /follows its deletion/,
  ],
  [
    'order',
    'a later version first',
    { topic: [event('a', 2), event('a', 1), event('b', 1), event('b', 2)] },
    /version 2 follows version 0/,
  ],
  [
    'order',
    'other bytes',
    { topic: sound.topic.with(0, { ...event('a', 1), payload: Buffer.from('x') }) },
    /not the stored one/,
  ],
  [
    'convergence',
    'another field in the read model',
    { readModel: [{ ...product('a', 2), priceCents: 2 }, tombstone('b', 2)], cache: [] },
    /the read model has .*"priceCents":2/,
  ],
  ['convergence', 'no tombstone', { readModel: [product('a', 2)] }, /the read model has nothing/],
  [
    'convergence',
    'an orphan',
    { readModel: [...sound.readModel, product('c', 1)] },
    /the store has no event/,
  ],
  [
    'convergence',
    'the writer state',
    { states: [product('a', 1), tombstone('b', 2)] },
    /the writer state has/,
  ],
  [
    'convergence',
    'a result that no event produces',
    { reads: [{ ...read('a', 2), result: { type: 'found', state: { ...product('a', 2), name: 'x' } } }] },
    /a query returned .*"name":"x"/,
  ],
  [
    'monotonic reads',
    'a version that decreases',
    { reads: [...sound.reads, read('a', 1)] },
    /version 1 at .* after version 2/,
  ],
  [
    'monotonic reads',
    'not found after it was found',
    { reads: [...sound.reads, read('a', 'not_found')] },
    /not found at .* after version 2/,
  ],
  [
    'monotonic reads',
    'found after it was deleted',
    { reads: [...sound.reads, read('b', 1)] },
    /version 1 at .* after not found/,
  ],
  [
    'monotonic reads',
    'below min_version',
    { reads: [read('a', 1, { minVersion: 2 })] },
    /version 1 for min_version 2/,
  ],
  ['cache coherence', 'an old entry', { cache: [product('a', 1)] }, /the cache has .*"version":1/],
  ['cache coherence', 'an entry without a document', { cache: [product('c', 1)] }, /the read model nothing/],
  ['progress', 'too late', { recoveries: [{ ...recovery, readableAt: 31_001 }] }, /after 30001 ms/],
  [
    'progress',
    'never',
    { recoveries: [{ ...recovery, readableAt: undefined }] },
    /no command arrived from w to r/,
  ],
  [
    'dead letters',
    'not in the error topic',
    { rejected: [{ group: 'g', bad: [bad], deadLetters: [] }] },
    /t\/1@7 is bad and not/,
  ],
  [
    'dead letters',
    'good and in the error topic',
    { rejected: [{ group: 'g', bad: [], deadLetters: [{ ...bad, group: 'g' }] }] },
    /is good/,
  ],
  [
    'dead letters',
    'without its headers',
    { rejected: [{ group: 'g', bad: [bad], deadLetters: [{ ...bad, group: 'g', headers: {} }] }] },
    /other bytes or headers/,
  ],
  [
    'dead letters',
    'of another group',
    { rejected: [{ group: 'g', bad: [bad], deadLetters: [{ ...bad, group: 'h' }] }] },
    /does not name its consumer group/,
  ],
]

describe('a violation is found', () => {
  test.each(planted)('%s: %s', (check, _name, change, what) => {
    const found = violationsOf(change)
    expect(found).toContainEqual(expect.stringMatching(what))
    expect(found.filter((line) => what.test(line)).every((line) => line.startsWith(check))).toBe(true)
  })
})

test('reads that overlap on a connection have no order', () => {
  const [first, second] = [read('a', 2), read('a', 1)]
  expect(violationsOf({ reads: [first, { ...second, sentAt: first.sentAt }] })).toEqual([])
})
