import { recordingLog } from '@lockstep/testkit/recording-log.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { offsetCommits } from './offset-commits.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function resolvedOffsets() {
  const commit = vi.fn(async (_?: unknown) => {})
  const commits = offsetCommits('group', recordingLog(), 1_000)
  return {
    commit,
    commits,
    resolve: (next: number) =>
      commits.commitSoon(
        { commitOffsetsIfNecessary: commit },
        { topic: 't', partition: 0, offset: String(next) },
      ),
    committed: () =>
      commit.mock.calls.map(([offsets]) => JSON.stringify(offsets).match(/"offset":"(\d+)"/)?.[1]),
  }
}

test('the first offset is committed at once; those that follow within 100 ms are one commit', async () => {
  const { resolve, committed } = resolvedOffsets()
  for (const offset of [1, 2, 3]) resolve(offset)
  await vi.advanceTimersByTimeAsync(99)
  expect(committed()).toEqual(['1'])
  await vi.advanceTimersByTimeAsync(1)
  expect(committed()).toEqual(['1', '3'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(committed()).toHaveLength(2)
})

test('a commit that failed is repeated without a further batch', async () => {
  const { resolve, commit, committed } = resolvedOffsets()
  commit.mockRejectedValueOnce(new Error('the coordinator is moving'))
  resolve(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(committed()).toEqual(['1', '1'])
})

test('offsets of an earlier assignment are not committed, not even after a failure', async () => {
  const { resolve, commit, commits, committed } = resolvedOffsets()
  commit.mockRejectedValueOnce(new Error('the group is rebalancing'))
  resolve(1)
  resolve(2)
  commits.forget()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(committed()).toEqual(['1'])
})

test('a flush ends after the commit in flight and that of the rest', async () => {
  const { resolve, commit, commits, committed } = resolvedOffsets()
  const slow = Promise.withResolvers<void>()
  commit.mockReturnValueOnce(slow.promise)
  resolve(1)
  resolve(2)
  const flushed = vi.fn()
  void commits.flush().then(flushed)
  await vi.advanceTimersByTimeAsync(500)
  expect(flushed).not.toHaveBeenCalled()
  slow.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(flushed).toHaveBeenCalled()
  expect(committed()).toEqual(['1', '2'])
})

test('after the close, nothing is committed', async () => {
  const { resolve, commits, committed } = resolvedOffsets()
  resolve(1)
  resolve(2)
  commits.close()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(committed()).toEqual(['1'])
})
