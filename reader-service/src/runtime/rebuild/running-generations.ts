import { repeat } from '@lockstep/core/async/repeat.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { isFed, type GenerationRegistry } from './generations.ts'

export type RunningGenerations<G> = AsyncDisposable & {
  /** Throws `unavailable` until it is known, and when the registry was not read for `TRUSTED_FOR_MS`. */
  active: () => G
  /** Whether it is `active`; false while that is not known. */
  isActive: (generation: number) => boolean
}

/** The data of a generation may be deleted when a replica has not read the registry for this long, ms. */
export const TRUSTED_FOR_MS = 8_000
const POLL_MS = 1_000
const STOP_TIMEOUT_MS = 3_000

/** Reads from the active generation, and again if another one became active in the meantime. */
export async function readFromActive<G, T>(active: () => G, read: (generation: G) => Promise<T>): Promise<T> {
  for (;;) {
    const generation = active()
    const result = await read(generation)
    // The data of a generation that is not active any more may be deleted, so the result may lack them.
    if (active() === generation) return result
  }
}

/**
 * Keeps this replica's generations of one read model as the registry lists them: feeds each that is to be fed, and
 * knows the active one. While the registry cannot be read, nothing changes.
 */
export function runGenerations<G extends AsyncDisposable>(options: {
  readModel: string
  registry: Pick<GenerationRegistry, 'read'>
  /** Opens a generation and starts to feed it, until it is disposed of. */
  open: (generation: number) => G
  onActive: (generation: number) => void
  /** The read model was repaired: lower versions than those that were served may be right. */
  onCorrected: () => void
  log: Log
  pollMs?: number
  trustedForMs?: number
}): RunningGenerations<G> {
  const { readModel, registry, open, onActive, onCorrected, log } = options
  const { pollMs = POLL_MS, trustedForMs = TRUSTED_FOR_MS } = options
  const running = new Map<number, G>()
  /** Leaving a group may take long: the poll does not wait for it. */
  const closing = new Set<Promise<unknown>>()
  let active: G | undefined
  let corrections: number | undefined
  let readAt = -Infinity

  async function refresh(stopping: AbortSignal): Promise<void> {
    const startedAt = performance.now()
    const found = await registry.read()
    if (stopping.aborted) return
    const fed = new Set(found.generations.filter(isFed).map(({ number }) => number))
    for (const number of fed) {
      if (running.has(number)) continue
      running.set(number, open(number))
      log.info({ readModel, generation: number }, 'feeding a generation')
    }
    const current = running.get(found.active)
    if (current && current !== active) onActive(found.active)
    active = current
    if (corrections !== undefined && corrections !== found.corrections) onCorrected()
    corrections = found.corrections
    readAt = startedAt
    for (const [number, generation] of running) {
      if (fed.has(number)) continue
      running.delete(number)
      log.info({ readModel, generation: number }, 'a generation is not fed any more')
      close(generation)
    }
  }

  function close(generation: G): void {
    const closed = Promise.resolve(generation[Symbol.asyncDispose]())
      .catch((error: unknown) => log.warn({ err: error, readModel }, 'failed to close a generation'))
      .finally(() => closing.delete(closed))
    closing.add(closed)
  }

  const polling = repeat(async (stopping) => {
    try {
      await refresh(stopping)
    } catch (error) {
      if (!stopping.aborted) log.warn({ err: error, readModel }, 'failed to read the generations')
    }
  }, pollMs)

  const trusted = () => (performance.now() - readAt <= trustedForMs ? active : undefined)

  return {
    active() {
      const known = trusted()
      if (known) return known
      throw new AppError('unavailable', `The active generation of ${readModel} is not known; try again`)
    },
    isActive: (number) => running.has(number) && running.get(number) === trusted(),
    async [Symbol.asyncDispose]() {
      await withTimeout(polling[Symbol.asyncDispose](), STOP_TIMEOUT_MS)
      for (const generation of running.values()) close(generation)
      await Promise.all(closing)
    },
  }
}
