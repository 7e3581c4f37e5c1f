import { setTimeout as sleep } from 'node:timers/promises'
import { driftOf, mayCatchUp, type DriftKind, type Found, type Place } from './mismatches.ts'
import type { AuditedCache, AuditedModel, Held, WriterState, WriterStates } from '../rebuild/writer-states.ts'
import { repairOf } from './repair.ts'

export type AuditOptions = {
  repair: boolean
  productsPerSecond: number
  /** What is missing or behind counts as drift when it stays so for longer than this. */
  ageLimitMs: number
}

export type Finding = {
  id: string
  place: Place
  kind: DriftKind
  /** 0 where there is none. */
  writerVersion: number
  heldVersion: number
  detail: string
  repaired: boolean
}

export type AuditProgress = { compared: number; total: number; suspects: number; cacheCompared: boolean }

/** Told as the audit goes on; what they throw ends it. */
export type AuditListener = {
  onFinding: (finding: Finding) => Promise<void>
  onProgress: (progress: AuditProgress) => Promise<void>
}

/** Resolves at the end of the comparison. Rejects with `unavailable` when one of the stores does not answer. */
export type Audit = (options: AuditOptions, listener: AuditListener) => Promise<AuditProgress>

/** Something that looks wrong, and the version that the store has to reach if it may yet. */
type Suspect = { id: string; place: 'model' | 'cache'; wanted: number; countsAt: number }

const PAGE = 500
const MAX_SUSPECTS = 1_000
const LOOK_AGAIN_MS = 500

/**
 * Compares page by page, in the order of ids, the model and the cache with the writer. The stores are read first and
 * the writer after them: what they hold the writer had before, so that a store is never ahead merely because it was
 * read later. Whatever looks wrong is looked at again, once for all of a kind that no event can mend, and until it is
 * too old for what may be on its way.
 */
export function auditOf(ports: {
  model: AuditedModel
  cache: AuditedCache
  writer: WriterStates
  pageSize?: number
}): Audit {
  const { model, cache, writer, pageSize: most = PAGE } = ports
  const repair = repairOf(ports)

  return async (options, { onFinding, onProgress }) => {
    const progress = { compared: 0, total: await model.count(), suspects: 0, cacheCompared: true }
    // A page takes a second at most, so that a caller who goes away, or a stop, is noticed.
    const pageSize = Math.min(most, options.productsPerSecond)
    let suspects: Suspect[] = []
    let pause: Promise<void> = Promise.resolve()

    const told = () => onProgress({ ...progress, suspects: suspects.length })
    const fromCache = async (ids: readonly string[]): Promise<Map<string, Held>> => {
      const held = await cache.find(ids)
      if (!held) progress.cacheCompared = false
      return held ?? new Map<string, Held>()
    }

    async function compare(
      ids: readonly string[],
      held: Stores,
      truths: Map<string, WriterState>,
    ): Promise<void> {
      for (const id of ids) {
        const truth = truths.get(id)
        const writerVersion = truth?.state.version ?? 0
        for (const place of ['model', 'cache'] as const) {
          const drift = driftOf(place, held[place].get(id), truth?.state)
          if (!drift) continue
          // What the model lacks is on no page of it, so nobody has looked whether the cache has it.
          if (drift.kind === 'missing')
            suspects.push({ id, place: 'cache', wanted: writerVersion, countsAt: 0 })
          const waitMs = mayCatchUp(drift) ? Math.max(0, options.ageLimitMs - (truth?.ageMs ?? 0)) : 0
          suspects.push({ id, place, wanted: writerVersion, countsAt: performance.now() + waitMs })
        }
        if (truth && truth.faults.length > 0) {
          const detail = truth.faults.join(', ')
          const versions = { writerVersion, heldVersion: writerVersion }
          await onFinding({ id, place: 'writer', kind: 'own_event', ...versions, detail, repaired: false })
        }
      }
      progress.compared += ids.length
      progress.total = Math.max(progress.total, progress.compared)
      await pause
      pause = sleep((ids.length / options.productsPerSecond) * 1_000)
      if (suspects.length >= MAX_SUSPECTS) await settle()
      await told()
    }

    async function settle(): Promise<void> {
      for (;;) {
        const undecided: Suspect[] = []
        for (let i = 0; i < suspects.length; i += PAGE)
          undecided.push(...(await lookAgain(suspects.slice(i, i + PAGE))))
        suspects = undecided
        if (suspects.length === 0) return
        await told()
        const next = suspects.reduce((soonest, { countsAt }) => Math.min(soonest, countsAt), Infinity)
        await sleep(Math.min(LOOK_AGAIN_MS, Math.max(1, next - performance.now())))
      }
    }

    /** Gives those that may still catch up. */
    async function lookAgain(some: readonly Suspect[]): Promise<Suspect[]> {
      const ids = [...new Set(some.map(({ id }) => id))]
      const begun = performance.now()
      const held: Stores = { model: await model.find(ids), cache: await fromCache(ids) }
      const truths = await writer.find(ids)
      const undecided: Suspect[] = []
      for (const suspect of some) {
        const { id, place, wanted, countsAt } = suspect
        const seen = held[place].get(id)
        const truth = truths.get(id)?.state
        const drift = driftOf(place, seen, truth)
        if (!drift) continue
        if (mayCatchUp(drift)) {
          // It has come to where it had to; what it lacks by now is younger.
          if (seen && seen.version >= wanted) continue
          if (begun < countsAt) {
            undecided.push(suspect)
            continue
          }
        }
        await found({ id, place, drift, seen, truth })
      }
      return undecided
    }

    async function found({ id, place, drift, seen, truth }: Found): Promise<void> {
      const versions = { writerVersion: truth?.version ?? 0, heldVersion: seen?.version ?? 0 }
      const repaired = options.repair && (await repair({ id, place, drift, seen, truth }))
      await onFinding({ id, place, ...drift, ...versions, repaired })
    }

    let after: string | undefined
    for (let end = false; !end;) {
      const page = await model.list(after, pageSize)
      const upTo = page.length < pageSize ? undefined : page.at(-1)?.id
      const unseen = new Map(page.map((held) => [held.id, held]))
      const cached = await fromCache([...unseen.keys()])
      for (let next = after; ;) {
        const states = await writer.list({ after: next, upTo, limit: pageSize })
        const truths = new Map(states.map((truth) => [truth.state.id, truth]))
        const ids = [...truths.keys()]
        await compare(ids, { model: unseen, cache: cached }, truths)
        for (const id of ids) unseen.delete(id)
        next = states.at(-1)?.state.id
        if (states.length < pageSize || next === undefined) break
      }
      await compare([...unseen.keys()], { model: unseen, cache: cached }, new Map())
      after = upTo
      end = upTo === undefined
    }
    await settle()
    return { ...progress, suspects: 0 }
  }
}

type Stores = { model: Map<string, Held>; cache: Map<string, Held> }
