import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What `look` gives once it does not throw any more; its last error when the time is over.
 * For a condition that comes about in other processes, where nothing can be awaited.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { withinMs, everyMs = 50 }: { withinMs: number; everyMs?: number },
): Promise<T> {
  const limit = performance.now() + withinMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (performance.now() > limit) {
        throw new Error(`not so within ${withinMs} ms: ${(error as Error).message}`, { cause: error })
      }
    }
    await sleep(everyMs)
  }
}

/** Looks again and again for so long; rejects at once when `look` throws. For what must not change meanwhile. */
export async function throughout(ms: number, look: () => void | Promise<void>): Promise<void> {
  const limit = performance.now() + ms
  while (performance.now() < limit) {
    await look()
    await sleep(200)
  }
}
