import { repeat } from '@lockstep/core/async/repeat.ts'

/**
 * Cache entries belong to a generation, a part of their keys, and one document of the read model's
 * database says which generation counts and whether it is open. That is the way out when the cache
 * cannot be written and what it holds is getting old:
 *
 * - The projection owes a cache write for every state that the model took. While it fails, the offsets
 *   behind it are not committed and the batch is repeated (`projected-cache.ts`).
 * - A debt older than a limit closes the generation. Replicas look every second, and one whose knowledge
 *   is older than `maxAgeMs`, or who sees it closed, goes past the cache. So `maxAgeMs` after the closing
 *   nobody answers from it: the projection waits that long, then lets the offsets go and owes nothing.
 * - When it has been closed for `reopenAfterMs`, and for `maxAgeMs` at least, and Redis answers, a replica
 *   opens the next generation, whose keys are new. Sooner, the projection would see it open and go on while
 *   a replica that cannot read the document still answers from the one before.
 *
 * Skipping the cache while it is closed is safe because the projection reads the document after its write
 * of the model: whoever fills an entry of a generation opened later reads the model later still.
 */
export type CacheGeneration = { number: number; open: boolean }

export type GenerationStore = {
  read: () => Promise<CacheGeneration>
  close: (number: number) => Promise<void>
  /** Opens the generation after this one, if this one is the present one and closed. */
  openNext: (number: number) => Promise<void>
}

export type GenerationWatch = AsyncDisposable & {
  /** The generation that queries may use now; undefined: go past the cache. */
  usable: () => number | undefined
  refresh: () => Promise<CacheGeneration>
  close: (number: number) => Promise<void>
  /** How long this process has known that it is closed, in ms; undefined while it is open. */
  closedForMs: () => number | undefined
}

export function watchCacheGeneration(options: {
  store: GenerationStore
  refreshMs: number
  maxAgeMs: number
  reopenAfterMs: number
  cacheAnswers: () => Promise<boolean>
  onChange: (generation: CacheGeneration) => void
}): GenerationWatch {
  const { store } = options
  const reopenAfterMs = Math.max(options.reopenAfterMs, options.maxAgeMs)
  // Knowledge is as old as the question that it answers.
  let known: { generation: CacheGeneration; askedAt: number } | undefined
  let closedAt: number | undefined

  async function refresh(): Promise<CacheGeneration> {
    const askedAt = performance.now()
    const generation = await store.read()
    if (!known || askedAt >= known.askedAt) {
      const before = known?.generation
      known = { generation, askedAt }
      closedAt = generation.open ? undefined : (closedAt ?? performance.now())
      if (before?.number !== generation.number || before.open !== generation.open)
        options.onChange(generation)
    }
    return generation
  }
  const closedForMs = () => (closedAt === undefined ? undefined : performance.now() - closedAt)

  async function look(): Promise<void> {
    const { number, open } = await refresh()
    if (open || (closedForMs() ?? 0) < reopenAfterMs) return
    if (await options.cacheAnswers()) {
      await store.openNext(number)
      await refresh()
    }
  }

  // While the document cannot be read the knowledge ages, which is all that has to happen.
  const looking = repeat(() => look().catch(() => {}), options.refreshMs)

  return {
    usable: () =>
      known?.generation.open && performance.now() - known.askedAt <= options.maxAgeMs
        ? known.generation.number
        : undefined,
    refresh,
    close: (number) => store.close(number),
    closedForMs,
    [Symbol.asyncDispose]: () => looking[Symbol.asyncDispose](),
  }
}
