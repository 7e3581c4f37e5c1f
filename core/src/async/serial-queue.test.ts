import { expect, test } from 'vitest'
import { serialQueue } from './serial-queue.ts'

// Trap 1.
test('work runs one piece at a time, in order, and a failure does not delay the work after it', async () => {
  const turn = serialQueue()
  const events: string[] = []
  const work = (name: string, fails = false) =>
    turn.run(async () => {
      events.push(`${name} begins`)
      await Promise.resolve()
      events.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    })
  const outcomes = await Promise.allSettled([work('a'), work('b', true), work('c')])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  await turn.idle()
})
