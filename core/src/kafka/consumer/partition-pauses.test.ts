import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { partitionPauses } from './partition-pauses.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function set() {
  const paused = new Set<string>()
  const each = (list: { topic: string; partitions: number[] }[]) =>
    list.flatMap(({ topic, partitions }) => partitions.map((partition) => `${topic}/${partition}`))
  const pauses = partitionPauses(
    {
      pause: (list) => each(list).forEach((key) => paused.add(key)),
      resume: (list) => each(list).forEach((key) => paused.delete(key)),
    },
    () => {},
  )
  return { paused, pauses }
}

test('a paused partition is resumed by itself, and alone', () => {
  const { paused, pauses } = set()
  pauses.pause({ topic: 't', partition: 0 }, 'retry', 100)
  pauses.pause({ topic: 't', partition: 1 }, 'flood', 200)
  expect([pauses.count('retry'), pauses.count('flood')]).toEqual([1, 1])
  vi.advanceTimersByTime(100)
  expect([...paused]).toEqual(['t/1'])
  vi.advanceTimersByTime(100)
  expect([...paused]).toEqual([])
})

test('after a rebalance no partition is paused, and no timer is left over', () => {
  const { paused, pauses } = set()
  pauses.pause({ topic: 't', partition: 0 }, 'retry', 100)
  pauses.pause({ topic: 't', partition: 1 }, 'flood', 200)
  pauses.resumeAll()
  expect([...paused]).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})
