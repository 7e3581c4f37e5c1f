import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Repeats `check` until it does not throw, and returns its result; throws its last error when the time is over. For a
 * condition in other processes, which cannot be awaited.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { withinMs, everyMs = 50 }: { withinMs: number; everyMs?: number },
): Promise<T> {
  const limit = performance.now() + withinMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > limit) {
        throw new Error(`not so within ${withinMs} ms: ${(error as Error).message}`, { cause: error })
      }
    }
    await sleep(everyMs)
  }
}
