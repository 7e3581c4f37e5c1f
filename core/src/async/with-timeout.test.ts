import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { withTimeout } from './with-timeout.ts'

const never = new Promise<string>(() => {})

test('the result of the work arrives when it is in time', async () => {
  expect(await withTimeout(Promise.resolve('done'), 60_000)).toBe('done')
})

test('work that takes too long gives the result of onTimeout, which may throw', async () => {
  expect(await withTimeout(never, 1)).toBeUndefined()
  expect(await withTimeout(never, 1, () => 'late')).toBe('late')
  const fail = () => {
    throw new Error('no response within 1 ms')
  }
  await expect(withTimeout(never, 1, fail)).rejects.toThrow('no response within 1 ms')
})

test('a time that no timer can wait for does not pass at once', async () => {
  for (const ms of [2 ** 31, Number.MAX_SAFE_INTEGER, Infinity]) {
    const work = sleep(5, 'done')
    expect(await withTimeout(work, ms)).toBe('done')
  }
})

test('an error of the work is thrown', async () => {
  await expect(withTimeout(Promise.reject(new Error('broken')), 60_000)).rejects.toThrow('broken')
})
