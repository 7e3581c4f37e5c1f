import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchCacheEpoch, type CacheEpoch } from './cache-epoch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watched(options: { cacheResponds?: boolean; reopenAfterMs?: number } = {}) {
  let document: CacheEpoch = { number: 4, open: true }
  const read = vi.fn(async () => document)
  const openNext = vi.fn(async (number: number) => {
    document = { number: number + 1, open: true }
  })
  const onChange = vi.fn()
  const watch = watchCacheEpoch({
    onChange,
    store: { read, openNext, close: async (number) => void (document = { number, open: false }) },
    refreshMs: 1_000,
    maxAgeMs: 3_000,
    reopenAfterMs: options.reopenAfterMs ?? 10_000,
    cacheResponds: async () => options.cacheResponds ?? true,
  })
  return { watch, read, openNext, onChange }
}

test('no epoch is current before it was read', async () => {
  const { watch, read } = watched()
  expect(watch.current()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(0)
  expect(watch.current()).toBe(4)
  expect(read).toHaveBeenCalledOnce()
  await watch[Symbol.asyncDispose]()
})

test('a replica that has not read the epoch for too long does not use the cache until it has read it again', async () => {
  const { watch, read } = watched()
  await vi.advanceTimersByTimeAsync(0)
  read.mockRejectedValue(new Error('away'))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(watch.current()).toBe(4)
  await vi.advanceTimersByTimeAsync(1)
  expect(watch.current()).toBeUndefined()
  read.mockResolvedValue({ number: 5, open: true })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(watch.current()).toBe(5)
  await watch[Symbol.asyncDispose]()
})

test('knowledge is as old as the start of the read, not as its end', async () => {
  const { watch, read } = watched()
  await vi.advanceTimersByTimeAsync(0)
  read.mockImplementationOnce(async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    return { number: 4, open: true }
  })
  read.mockReturnValue(new Promise(() => {}))
  await vi.advanceTimersByTimeAsync(1_000 + 2_500)
  expect(watch.current()).toBe(4)
  await vi.advanceTimersByTimeAsync(501)
  expect(watch.current()).toBeUndefined()
})

test('a read that ends after a later read is ignored', async () => {
  const { watch, read } = watched()
  const slow = Promise.withResolvers<CacheEpoch>()
  await vi.advanceTimersByTimeAsync(0)
  read.mockReturnValueOnce(slow.promise)
  const early = watch.refresh()
  await vi.advanceTimersByTimeAsync(1)
  await watch.close(4)
  await watch.refresh()
  slow.resolve({ number: 4, open: true })
  await early
  expect(watch.current()).toBeUndefined()
  await watch[Symbol.asyncDispose]()
})

test('a replica that closes the epoch knows it at once', async () => {
  const { watch } = watched()
  await vi.advanceTimersByTimeAsync(0)
  await watch.close(4)
  expect(watch.current()).toBeUndefined()
  expect(watch.closedForMs()).toBe(0)
  await watch[Symbol.asyncDispose]()
})

test('a closed epoch is followed by the next one when Redis responds, but not at once', async () => {
  const { watch, openNext, onChange } = watched()
  await vi.advanceTimersByTimeAsync(0)
  await watch.close(4)
  await watch.refresh()
  expect(watch.current()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(9_000)
  expect(openNext).not.toHaveBeenCalled()
  expect(watch.closedForMs()).toBeGreaterThanOrEqual(9_000)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(openNext).toHaveBeenCalledExactlyOnceWith(4)
  expect(watch.current()).toBe(5)
  expect(watch.closedForMs()).toBeUndefined()
  expect(onChange.mock.calls).toEqual([
    [{ number: 4, open: true }],
    [{ number: 4, open: false }],
    [{ number: 5, open: true }],
  ])
  await watch[Symbol.asyncDispose]()
})

test('no epoch is opened while a replica that cannot read the document may still use the previous one', async () => {
  const { watch, openNext } = watched({ reopenAfterMs: 1_000 })
  await vi.advanceTimersByTimeAsync(0)
  await watch.close(4)
  await watch.refresh()
  await vi.advanceTimersByTimeAsync(2_999)
  expect(openNext).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1_001)
  expect(openNext).toHaveBeenCalledExactlyOnceWith(4)
  await watch[Symbol.asyncDispose]()
})

test('while Redis does not respond, the epoch stays closed', async () => {
  const { watch, openNext } = watched({ cacheResponds: false })
  await watch.close(4)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(openNext).not.toHaveBeenCalled()
  await watch[Symbol.asyncDispose]()
})
