import { expect, test } from 'vitest'
import type { EventStore } from '../evidence/evidence.ts'
import type { ChangesRead } from '../evidence/history.ts'
import { wrongHistories } from './histories.ts'
import { changesRead, event, sound } from './sound-history.ts'
import { show } from './violation.ts'

const violationsOf = (changes: readonly ChangesRead[], events: EventStore = sound.events) =>
  wrongHistories(changes, events).map(show)

test('pages and whole histories that equal the events have no violation', () => {
  expect(violationsOf(sound.changes)).toEqual([])
})

test.each<[string, ChangesRead[], RegExp]>([
  ['a page with a hole', [changesRead('b', [3, 1])], /version 1 follows 3 in a history/],
  [
    'an end before the first version',
    [changesRead('a', [2], { result: { type: 'found', entries: [], whole: true } })],
    /a whole history ends with version undefined/,
  ],
  ['below min_version', [changesRead('a', [1], { minVersion: 2 })], /version 1 after 2/],
  ['older than before', [changesRead('a', [2]), changesRead('a', [1])], /version 1 after 2/],
  [
    'not found although it was found',
    [changesRead('a', [2]), changesRead('a', [], { result: { type: 'not_found' } })],
    /not found after version 2/,
  ],
  ['a version without an event', [changesRead('a', [3, 2])], /the history has .*, the event is undefined/],
])('a violation is found: %s', (_, changes, what) => {
  expect(violationsOf(changes)).toEqual([expect.stringMatching(what)])
})

test('an entry that differs from its event is found', () => {
  const events = new Map([['a', [event('a', 1), { ...event('a', 2), requestId: 'other' }]]])
  expect(violationsOf([changesRead('a', [2])], events).join()).toMatch(
    /has .*"r-a2".*, the event is .*"other"/,
  )
})

test('histories that overlap in time have no order', () => {
  const [newer, older] = [changesRead('a', [2]), changesRead('a', [1])]
  expect(violationsOf([newer, { ...older, sentAt: newer.sentAt }])).toEqual([])
})
