import type { Work } from './alternate.ts'

/** Runs the load, then waits for `until`; `wholeSeconds` is the time of both. */
export async function timed(load: () => Promise<Work>, until: () => Promise<void>): Promise<Work> {
  const began = performance.now()
  const work = await load()
  await until()
  return { ...work, wholeSeconds: (performance.now() - began) / 1_000 }
}
