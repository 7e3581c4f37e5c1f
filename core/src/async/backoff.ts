/**
 * Milliseconds to wait before the next attempt: full jitter (any time up to a bound that doubles), so that partitions
 * and replicas that failed together do not retry together.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param attempt how many attempts have failed, from 1
 * @param options.baseMs half of the bound after the first failed attempt
 * @param options.random in [0, 1)
 */
export function backoff(
  attempt: number,
  maxMs: number,
  { baseMs = 100, random = Math.random }: { baseMs?: number; random?: () => number } = {},
): number {
  const bound = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 20))
  return Math.ceil(random() * bound)
}
