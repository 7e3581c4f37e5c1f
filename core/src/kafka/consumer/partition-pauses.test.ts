import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { partitionPauses } from './partition-pauses.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function setup() {
  const paused = new Set<string>()
  const counts = { retry: 0, flood: 0 }
  const each = (list: { topic: string; partitions: number[] }[]) =>
    list.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}/${partition}`))
  const pauses = partitionPauses(
    {
      pause: (list) => each(list).forEach((key) => paused.add(key)),
      resume: (list) => each(list).forEach((key) => paused.delete(key)),
    },
    (reason, count) => (counts[reason] = count),
  )
  return { paused, pauses, counts }
}

test('a paused partition is resumed after its time, and only that partition', () => {
  const { paused, pauses, counts } = setup()
  pauses.pause({ topic: 't', partition: 0 }, 'retry', 100)
  pauses.pause({ topic: 't', partition: 1 }, 'flood', 200)
  expect(counts).toEqual({ retry: 1, flood: 1 })
  vi.advanceTimersByTime(100)
  expect([...paused]).toEqual(['t/1'])
  expect(counts).toEqual({ retry: 0, flood: 1 })
  vi.advanceTimersByTime(100)
  expect([...paused]).toEqual([])
})

test('after a rebalance no partition is paused, and no timer remains', () => {
  const { paused, pauses, counts } = setup()
  pauses.pause({ topic: 't', partition: 0 }, 'retry', 100)
  pauses.pause({ topic: 't', partition: 1 }, 'flood', 200)
  pauses.resumeAll()
  expect([...paused]).toEqual([])
  expect(counts).toEqual({ retry: 0, flood: 0 })
  expect(vi.getTimerCount()).toBe(0)
})
