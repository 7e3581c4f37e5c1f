import { expect, test } from 'vitest'
import { read, sound } from '../checkers/sound-history.ts'
import { timelineOf } from './timeline.ts'

test('the timeline of a product shows its commands and reads beside the faults', () => {
  const [create] = sound.commands
  const lines = timelineOf('a', { commands: [create!], reads: [read('a', 1)] }, [
    { at: create!.sentAt, what: 'kill' },
  ])
  expect(lines.map((line) => line.slice(14))).toEqual([
    '-> create a1 http w',
    '=== kill',
    '<- create a1 http w: acknowledged version 1',
    '<- read http c after 1 ms: version 1',
  ])
})
