import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Begins work at a fixed rate, whether or not earlier work has ended. `work` gets the moment at which it was due, from
 * which its latency counts: a late start is part of the latency, so a stall cannot hide the waits that it causes.
 */
export async function openLoop(options: {
  perSecond: number
  seconds: number
  work: (due: number, number: number) => Promise<void>
}): Promise<void> {
  const { perSecond, seconds, work } = options
  const began = performance.now()
  const all: Promise<void>[] = []
  for (let number = 0; number < perSecond * seconds; number++) {
    const due = began + (number * 1_000) / perSecond
    // What is due already begins at once: a sleep lasts at least a millisecond.
    if (due > performance.now()) await sleep(due - performance.now())
    const done = work(due, number)
    // Handled by Promise.all below; until then a rejection must not count as unhandled.
    done.catch(() => {})
    all.push(done)
  }
  await Promise.all(all)
}
