import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from '@lockstep/core/concurrency/repeat.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { isFed, type GenerationRegistry } from './model-generations.ts'

/** A model that is fed from when it is opened. */
type Fed = AsyncDisposable & { stopFeeding: () => PromiseLike<void> }

export type RunningModels<M> = AsyncDisposable & {
  /** The one that queries see. Throws `unavailable` until it is known. */
  active: () => M
  /** The others that queries may have seen: one that is being filled may hold, and would cache, what is long past. */
  others: () => M[]
  known: () => boolean
}

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
  onActive: (number: number) => void
  /** What there is to do besides; may take long. */
  work: (stop: AbortSignal) => Promise<void>
  log: Log
}): RunningModels<M> {
  const { registry, open, pollMs, onActive, work, log } = options
  const models = new Map<number, M>()
  const fed = new Set<number>()
  let seen = new Set<number>()
  const stopping = new AbortController()
  let active: number | undefined

  async function look(): Promise<void> {
    const found = await registry.read()
    const toFeed = new Set(found.generations.filter(isFed).map(({ number }) => number))
    const maySee = found.generations.filter(({ phase }) => phase === 'ready' || phase === 'retiring')
    seen = new Set(maySee.map(({ number }) => number))
    for (const number of toFeed) {
      if (models.has(number)) continue
      models.set(number, open(number))
      fed.add(number)
      log.info({ generation: number }, 'feeding a read model')
    }
    if (active !== found.active && models.has(found.active)) {
      active = found.active
      onActive(active)
    }
    for (const [number, model] of models) {
      if (number === active || toFeed.has(number)) continue
      if (fed.delete(number)) log.info({ generation: number }, 'a read model is not fed any more')
      if (seen.has(number)) {
        await model.stopFeeding()
      } else {
        models.delete(number)
        await model[Symbol.asyncDispose]()
      }
    }
  }

  const attempt = (what: () => Promise<void>) => () =>
    what().catch((error: unknown) => log.warn({ err: error }, 'the read models were not looked after'))
  const looking = repeat(attempt(look), pollMs)
  const working = repeat(
    attempt(() => work(stopping.signal)),
    pollMs,
  )

  return {
    active() {
      const model = active === undefined ? undefined : models.get(active)
      if (!model) throw new AppError('unavailable', 'It is not known yet which read model is in use')
      return model
    },
    others: () =>
      [...models].filter(([number]) => number !== active && seen.has(number)).map(([, model]) => model),
    known: () => active !== undefined,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      const idle = Promise.all([looking[Symbol.asyncDispose](), working[Symbol.asyncDispose]()])
      // A step may wait for a writer that hangs; whoever has the work next repeats it.
      await Promise.race([idle, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
      await Promise.all([...models.values()].map((model) => model[Symbol.asyncDispose]()))
    },
  }
}
