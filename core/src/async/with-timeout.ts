/**
 * The result of `work`, or of `onTimeout` if `work` is still running after `ms`. The work itself continues; its later
 * result, or error, is dropped.
 */
export async function withTimeout<T, L = undefined>(
  work: PromiseLike<T>,
  ms: number,
  onTimeout: () => L = () => undefined as L,
): Promise<T | L> {
  const { promise: timedOut, resolve } = Promise.withResolvers<'timed out'>()
  const timer = setTimeout(resolve, ms, 'timed out')
  try {
    const done = Promise.resolve(work).then((value) => ({ value }))
    const first = await Promise.race([done, timedOut])
    return first === 'timed out' ? onTimeout() : first.value
  } finally {
    clearTimeout(timer)
  }
}
