import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { keepBeating } from './heartbeats.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

// Trap 5.
test('heartbeats go on while a handler works, also during a rebalance, and end with it', async () => {
  const heartbeat = vi.fn(async () => Promise.reject(new Error('rebalancing')))
  {
    using _beats = keepBeating(heartbeat, 100)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(heartbeat).toHaveBeenCalledTimes(10)
  expect(vi.getTimerCount()).toBe(0)
})
