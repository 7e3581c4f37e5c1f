import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchCacheGeneration, type CacheGeneration } from './cache-generation.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watched(options: { cacheAnswers?: boolean; reopenAfterMs?: number } = {}) {
  let document: CacheGeneration = { number: 4, open: true }
  const read = vi.fn(async () => document)
  const openNext = vi.fn(async (number: number) => {
    document = { number: number + 1, open: true }
  })
  const onChange = vi.fn()
  const watch = watchCacheGeneration({
    onChange,
    store: { read, openNext, close: async (number) => void (document = { number, open: false }) },
    refreshMs: 1_000,
    maxAgeMs: 3_000,
    reopenAfterMs: options.reopenAfterMs ?? 10_000,
    cacheAnswers: async () => options.cacheAnswers ?? true,
  })
  return { watch, read, openNext, onChange }
}

test('nothing is usable before it is known', async () => {
  const { watch, read } = watched()
  expect(watch.usable()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(0)
  expect(watch.usable()).toBe(4)
  expect(read).toHaveBeenCalledOnce()
  await watch[Symbol.asyncDispose]()
})

test('a replica that has not heard for too long goes past the cache, until it hears again', async () => {
  const { watch, read } = watched()
  await vi.advanceTimersByTimeAsync(0)
  read.mockRejectedValue(new Error('away'))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(watch.usable()).toBe(4)
  await vi.advanceTimersByTimeAsync(1)
  expect(watch.usable()).toBeUndefined()
  read.mockResolvedValue({ number: 5, open: true })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(watch.usable()).toBe(5)
  await watch[Symbol.asyncDispose]()
})

test('knowledge is as old as the question, not as the answer', async () => {
  const { watch, read } = watched()
  await vi.advanceTimersByTimeAsync(0)
  read.mockImplementationOnce(async () => {
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    return { number: 4, open: true }
  })
  read.mockReturnValue(new Promise(() => {}))
  await vi.advanceTimersByTimeAsync(1_000 + 2_500)
  expect(watch.usable()).toBe(4)
  await vi.advanceTimersByTimeAsync(501)
  expect(watch.usable()).toBeUndefined()
})

test('an answer that was overtaken by a later one is not believed', async () => {
  const { watch, read } = watched()
  const slow = Promise.withResolvers<CacheGeneration>()
  await vi.advanceTimersByTimeAsync(0)
  read.mockReturnValueOnce(slow.promise)
  const early = watch.refresh()
  await vi.advanceTimersByTimeAsync(1)
  await watch.close(4)
  await watch.refresh()
  slow.resolve({ number: 4, open: true })
  await early
  expect(watch.usable()).toBeUndefined()
  await watch[Symbol.asyncDispose]()
})

test('a closed generation is followed by the next when the cache answers, but not at once', async () => {
  const { watch, openNext, onChange } = watched()
  await vi.advanceTimersByTimeAsync(0)
  await watch.close(4)
  await watch.refresh()
  expect(watch.usable()).toBeUndefined()
  await vi.advanceTimersByTimeAsync(9_000)
  expect(openNext).not.toHaveBeenCalled()
  expect(watch.closedForMs()).toBeGreaterThanOrEqual(9_000)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(openNext).toHaveBeenCalledExactlyOnceWith(4)
  expect(watch.usable()).toBe(5)
  expect(watch.closedForMs()).toBeUndefined()
  expect(onChange.mock.calls).toEqual([
    [{ number: 4, open: true }],
    [{ number: 4, open: false }],
    [{ number: 5, open: true }],
  ])
  await watch[Symbol.asyncDispose]()
})

test('no generation is opened while a replica that does not hear may still use the one before', async () => {
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

test('while the cache does not answer the generation stays closed', async () => {
  const { watch, openNext } = watched({ cacheAnswers: false })
  await watch.close(4)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(openNext).not.toHaveBeenCalled()
  await watch[Symbol.asyncDispose]()
})
