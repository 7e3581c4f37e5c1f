import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { batchByTurn } from './batch-by-turn.ts'

const doubled = () => vi.fn(async (numbers: readonly number[]) => numbers.map((each) => 2 * each))

test('the calls of one turn are one batch; each gets its own result', async () => {
  const runBatch = doubled()
  const double = batchByTurn(runBatch)
  const first = [1, 2, 3].map(double)
  await nextTurn()
  const second = double(4)
  expect(await Promise.all([...first, second])).toEqual([2, 4, 6, 8])
  expect(runBatch.mock.calls).toEqual([[[1, 2, 3]], [[4]]])
})

test('a call during a batch does not wait for it', async () => {
  const slow = Promise.withResolvers<number[]>()
  const runBatch = doubled().mockReturnValueOnce(slow.promise)
  const double = batchByTurn(runBatch)
  const first = double(1)
  await nextTurn()
  expect(await double(2)).toBe(4)
  slow.resolve([2])
  expect(await first).toBe(2)
})

test('a failure is that of every call in the batch, and of no other', async () => {
  const runBatch = doubled().mockRejectedValueOnce(new Error('down'))
  const double = batchByTurn(runBatch)
  const results = await Promise.allSettled([double(1), double(2)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await double(3)).toBe(6)
})

test('calls during the most batches in flight are one batch, together with those that its end causes', async () => {
  const runBatch = doubled()
  const slow = Promise.withResolvers<number[]>()
  runBatch.mockReturnValueOnce(slow.promise)
  const double = batchByTurn(runBatch, { inFlight: 1 })
  const first = double(1)
  const afterFirst = first.then(() => double(4))
  await nextTurn()
  const waiting = [double(2)]
  await nextTurn()
  waiting.push(double(3))
  await nextTurn()
  expect(runBatch).toHaveBeenCalledTimes(1)
  slow.resolve([2])
  expect(await Promise.all([first, ...waiting, afterFirst])).toEqual([2, 4, 6, 8])
  expect(runBatch.mock.calls).toEqual([[[1]], [[2, 3, 4]]])
})

test('a batch that fails lets the next one begin', async () => {
  const double = batchByTurn(doubled().mockRejectedValueOnce(new Error('down')), { inFlight: 1 })
  const failed = double(1).catch(({ message }: Error) => message as unknown)
  await nextTurn()
  const next = double(2)
  expect(await failed).toBe('down')
  expect(await next).toBe(4)
})
