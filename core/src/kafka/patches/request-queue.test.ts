import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import '../client/client.ts'

type RequestQueue = { pending: unknown[]; checkPendingRequests(): void; destroy(): void }

/** The real class of kafkajs, which client.ts has patched. */
const Queue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => RequestQueue
const queue = () =>
  new Queue({ maxInFlightRequests: 0, logger: { debug() {} }, clientId: 'test', broker: 'b' })

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

// Trap 7.
test('a request queue without waiting requests sets no timer', () => {
  const idle = queue()
  idle.checkPendingRequests()
  expect(vi.getTimerCount()).toBe(0)
})

test('a request queue with a waiting request checks it again', () => {
  const busy = queue()
  busy.pending.push({})
  busy.checkPendingRequests()
  expect(vi.getTimerCount()).toBe(1)
  busy.destroy()
})
