import { setTimeout as sleep } from 'node:timers/promises'

/** So that a system that does not keep up ends the run instead of filling the memory. */
const MOST_IN_FLIGHT = 10_000

/**
 * Begins work at a fixed rate, whether or not earlier work has ended. `work` gets the moment at which it was due, from
 * which its latency counts: a late start is part of the latency, so a stall cannot hide the waits that it causes.
 * Rejects with the first error of `work`.
 */
export async function openLoop(options: {
  perSecond: number
  seconds: number
  work: (due: number) => Promise<void>
}): Promise<void> {
  const { perSecond, seconds, work } = options
  const began = performance.now()
  const inFlight = new Set<Promise<void>>()
  let failure: unknown
  for (let number = 0; number < perSecond * seconds; number++) {
    const due = began + (number * 1_000) / perSecond
    // What is due already begins at once: a sleep lasts at least a millisecond.
    const early = due - performance.now()
    if (early > 0) await sleep(early)
    if (failure !== undefined) break
    if (inFlight.size >= MOST_IN_FLIGHT) throw new Error(`${inFlight.size} requests are in flight`)
    const done = work(due)
      .catch((error: unknown) => void (failure ??= error))
      .finally(() => inFlight.delete(done))
    inFlight.add(done)
  }
  await Promise.all(inFlight)
  if (failure !== undefined) throw failure
}
