import { expect, test } from 'vitest'
import { changesRead, read, sound, totalsRead } from '../checkers/sound-history.ts'
import { timelineOf } from './timeline.ts'

test('the timeline of a product shows its commands and reads beside the faults', () => {
  const [create] = sound.commands
  const history = {
    commands: [create!],
    reads: [read('a', 1)],
    totals: [totalsRead([['general', 1, 1]], { id: 'a', minVersion: 1 })],
    changes: [changesRead('a', [2, 1])],
  }
  const lines = timelineOf('a', history, [{ at: create!.sentAt, what: 'kill' }])
  expect(lines.map((line) => line.slice(14))).toEqual([
    '-> create a1 http w',
    '=== kill',
    '<- create a1 http w: acknowledged version 1',
    '<- read http c after 1 ms: version 1',
    '<- read min_version 1 http c after 1 ms: totals [{"group":"general","count":1,"sum":1,"min":1,"max":1}]',
    '<- read http c after 1 ms: changes of 2, 1',
  ])
})
