import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepBeating } from './heartbeats.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

// Trap 5.
test('heartbeats go on while a handler works, and end with it', async () => {
  const heartbeat = vi.fn(async () => {})
  const beats = keepBeating(heartbeat, 100)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(heartbeat).toHaveBeenCalledTimes(10)
  expect(beats.stop()).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

test('a heartbeat that fails is the last one, and its error is kept', async () => {
  const rebalancing = new Error('rebalancing')
  const heartbeat = vi.fn(async () => Promise.reject(rebalancing))
  const beats = keepBeating(heartbeat, 100)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(heartbeat).toHaveBeenCalledTimes(1)
  expect(beats.stop()).toBe(rebalancing)
})
