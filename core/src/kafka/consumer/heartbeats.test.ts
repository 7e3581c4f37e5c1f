import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { sendHeartbeats } from './heartbeats.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

// Trap 5.
test('heartbeats continue while a handler runs, also during a rebalance, and end with it', async () => {
  const heartbeat = vi.fn(async () => Promise.reject(new Error('rebalancing')))
  {
    using _heartbeats = sendHeartbeats(heartbeat, 100)
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(heartbeat).toHaveBeenCalledTimes(10)
  expect(vi.getTimerCount()).toBe(0)
})
