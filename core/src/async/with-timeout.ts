/** 24.8 days. After a longer time, setTimeout fires at once (https://nodejs.org/api/timers.html). */
export const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The result of `work`, or of `onTimeout` if `work` is still running after `ms`. The work itself continues; its later
 * result, or error, is dropped. A longer time than `MAX_TIMER_MS` is that time.
 */
export async function withTimeout<T, L = undefined>(
  work: PromiseLike<T>,
  ms: number,
  onTimeout: () => L = () => undefined as L,
): Promise<T | L> {
  const { promise: timedOut, resolve } = Promise.withResolvers<'timed out'>()
  const timer = setTimeout(resolve, Math.min(ms, MAX_TIMER_MS), 'timed out')
  try {
    const done = Promise.resolve(work).then((value) => ({ value }))
    const first = await Promise.race([done, timedOut])
    return first === 'timed out' ? onTimeout() : first.value
  } finally {
    clearTimeout(timer)
  }
}
