import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from '@lockstep/core/async/repeat.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { isFed, type GenerationRegistry, type ModelGenerations } from './generations.ts'

/** A model that is fed from when it is opened. */
type Fed = AsyncDisposable & { stopFeeding: () => PromiseLike<void> }

/** The models of a moment: the same object for as long as nothing of it changes. */
export type SeenModels<M> = {
  /** The one that queries see. */
  active: M
  /** The others that they may have seen: one that is being filled may hold, and would cache, what is long past. */
  others: readonly M[]
}

export type RunningModels<M> = AsyncDisposable & {
  /** Throws `unavailable` until it is known, and when nothing was heard of it for `knownForMs`. */
  seen: () => SeenModels<M>
}

/** Asks the models of one moment, and again when one came or went meanwhile: its data may be gone. */
export async function askModels<M, T>(
  seen: () => SeenModels<M>,
  ask: (models: SeenModels<M>) => Promise<T>,
): Promise<T> {
  for (;;) {
    const models = seen()
    const answer = await ask(models)
    if (seen() === models) return answer
  }
}

/** A replica that has heard nothing for so long, ms, may see a model whose data are gone. */
export const KNOWN_FOR_MS = 8_000
const STOP_WITHIN_MS = 3_000

/**
 * Keeps this replica's models as the registry says: feeds each generation, and has queries see the active one. One that
 * retires is kept for those whom this replica answered from it. It looks every `pollMs`; while the registry cannot be
 * read, everything stays as it is.
 */
export function runModels<M extends Fed>(options: {
  registry: Pick<GenerationRegistry, 'read'>
  open: (number: number) => M
  pollMs: number
  knownForMs?: number
  onActive: (number: number) => void
  /** What there is to do besides; may take long. */
  work: (stop: AbortSignal) => Promise<void>
  log: Log
}): RunningModels<M> {
  const { registry, open, pollMs, knownForMs = KNOWN_FOR_MS, onActive, work, log } = options
  const models = new Map<number, M>()
  const fed = new Set<number>()
  /** What leaves its group or its connections, which may take long: looks do not wait for it. */
  const leaving = new Set<Promise<unknown>>()
  const stopping = new AbortController()
  let seen: SeenModels<M> | undefined
  let knownAt = -Infinity

  async function look(): Promise<void> {
    const askedAt = performance.now()
    const found = await registry.read()
    const toFeed = new Set(found.generations.filter(isFed).map(({ number }) => number))
    for (const number of toFeed) {
      if (models.has(number)) continue
      models.set(number, open(number))
      fed.add(number)
      log.info({ generation: number }, 'feeding a read model')
    }
    show(found)
    knownAt = askedAt
    for (const [number, model] of models) {
      if (toFeed.has(number)) continue
      if (fed.delete(number)) {
        log.info({ generation: number }, 'a read model is not fed any more')
        leave(model.stopFeeding())
      }
      if (seen?.others.includes(model)) continue
      models.delete(number)
      leave(model[Symbol.asyncDispose]())
    }
  }

  function show({ active: number, generations }: ModelGenerations): void {
    const active = models.get(number)
    if (!active) return
    const others = generations
      .filter((each) => each.number !== number && (each.phase === 'ready' || each.phase === 'retiring'))
      .flatMap((each) => models.get(each.number) ?? [])
    if (seen?.active !== active) onActive(number)
    else if (others.length === seen.others.length && others.every((each) => seen?.others.includes(each)))
      return
    seen = { active, others }
  }

  function leave(left: PromiseLike<void>): void {
    const done = Promise.resolve(left)
      .catch((error: unknown) => log.warn({ err: error }, 'a read model was not left in order'))
      .finally(() => leaving.delete(done))
    leaving.add(done)
  }

  const attempt = (what: () => Promise<void>) => () =>
    what().catch((error: unknown) => {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'the read models were not looked after')
    })
  const looking = repeat(attempt(look), pollMs)
  const working = repeat(
    attempt(() => work(stopping.signal)),
    pollMs,
  )

  return {
    seen() {
      if (seen && performance.now() - knownAt <= knownForMs) return seen
      throw new AppError('unavailable', 'It is not known which read model is in use')
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      const idle = Promise.all([looking[Symbol.asyncDispose](), working[Symbol.asyncDispose]()])
      // A step may wait for a writer that hangs; whoever has the work next repeats it.
      await Promise.race([idle, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
      await Promise.all([...leaving, ...[...models.values()].map((model) => model[Symbol.asyncDispose]())])
    },
  }
}
