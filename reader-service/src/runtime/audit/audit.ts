import { setTimeout as sleep } from 'node:timers/promises'
import type { AuditedCache, AuditedStore } from '../read-model.ts'
import type { GenerationRegistry } from '../rebuild/generations.ts'
import type { WriterState, WriterStates } from '../rebuild/writer-states.ts'
import {
  cachedEntries,
  progressOf,
  type AuditedEntries,
  type AuditListener,
  type AuditOptions,
  type AuditProgress,
  type AuditRun,
} from './audit-run.ts'
import { differenceOf, mayCatchUp, writerMismatch } from './mismatches.ts'
import { checkPending } from './pending-checks.ts'

/** Resolves at the end of the comparison. Rejects with `unavailable` when one of the stores does not respond. */
export type Audit = (options: AuditOptions, listener: AuditListener) => Promise<AuditProgress>

/** The generation that is audited: the active one. */
export type AuditedGeneration = {
  number: number
  store: AuditedStore
  cache: AuditedCache
}

/** Entries in memory: at most two pages of the store, of the cache and of the writer. */
const PAGE_SIZE = 500
/** Bounds the memory for differences; each page adds at most two per id. */
const MAX_PENDING = 1_000

/**
 * Compares the read model and its cache with the writer, page by page in the order of ids. A page of the stores is read
 * first and the same range of the writer afterwards: the writer had everything that they have before, so a store is
 * never ahead merely because it was read later. Each difference is checked again before it counts.
 */
export function auditReadModel({
  active,
  writer,
  registry,
  pageSize = PAGE_SIZE,
}: {
  active: () => AuditedGeneration
  writer: WriterStates
  registry: Pick<GenerationRegistry, 'corrected'>
  pageSize?: number
}): Audit {
  return async (options, listener) => {
    const { number, store, cache } = active()
    const run: AuditRun = {
      ports: { store, cache, writer },
      options,
      listener,
      // A page takes at most a second, so that a caller that left, or a stop, is noticed.
      pageSize: Math.min(pageSize, options.documentsPerSecond),
      compared: 0,
      total: await store.count(),
      cacheCompared: true,
      pending: [],
      repairBegun: false,
      nextPageAt: 0,
    }
    try {
      await compareAll(run)
    } catch (error) {
      // If this fails too, the next complete repair clears the served versions.
      if (run.repairBegun) await registry.corrected(number).catch(() => {})
      throw error
    }
    // Also if nothing was repaired: an earlier audit may have stopped after a repair.
    if (options.repair) await registry.corrected(number)
    return progressOf(run)
  }
}

async function compareAll(run: AuditRun): Promise<void> {
  for (let after: string | undefined, last = false; !last;) {
    const upTo = await comparePage(run, after)
    last = upTo === undefined
    after = upTo
  }
  await checkPending(run)
}

/** Compares the ids of one page of the store, and those that only the writer has between them. Returns the last id. */
async function comparePage(run: AuditRun, after: string | undefined): Promise<string | undefined> {
  const { ports, pageSize } = run
  const page = await ports.store.list(after, pageSize)
  const upTo = page.length < pageSize ? undefined : page.at(-1)?.id
  const stored = new Map(page.map((entry) => [entry.id, entry]))
  const entries = { read_model: stored, cache: await cachedEntries(run, [...stored.keys()]) }
  let next = after
  for (let last = false; !last;) {
    const states = await ports.writer.list({ after: next, upTo, limit: pageSize })
    await compare(run, entries, new Map(states.map((state) => [state.id, state])))
    for (const { id } of states) stored.delete(id)
    next = states.at(-1)?.id
    last = states.length < pageSize || next === undefined
  }
  await compare(run, entries, new Map([...stored.keys()].map((id) => [id, undefined])))
  return upTo
}

async function compare(
  run: AuditRun,
  entries: AuditedEntries,
  expected: ReadonlyMap<string, WriterState | undefined>,
): Promise<void> {
  const { options, listener } = run
  for (const [id, state] of expected) {
    addDifferences(run, entries, id, state)
    const mismatch = state && writerMismatch(state)
    if (mismatch) await listener.onMismatch(mismatch)
  }
  run.compared += expected.size
  run.total = Math.max(run.total, run.compared)
  await sleep(Math.max(0, run.nextPageAt - performance.now()))
  run.nextPageAt = performance.now() + (expected.size / options.documentsPerSecond) * 1_000
  if (run.pending.length >= MAX_PENDING) await checkPending(run)
  await listener.onProgress(progressOf(run))
}

function addDifferences(
  { options, pending }: AuditRun,
  entries: AuditedEntries,
  id: string,
  expected: WriterState | undefined,
): void {
  const expectedVersion = expected?.version ?? 0
  for (const store of ['read_model', 'cache'] as const) {
    const difference = differenceOf(store, entries[store].get(id), expected)
    if (!difference) continue
    const waitMs = mayCatchUp(difference) ? Math.max(0, options.ageLimitMs - (expected?.ageMs ?? 0)) : 0
    pending.push({ id, store, expectedVersion, countsAt: performance.now() + waitMs })
    // No page of the store has this id, so the cache was not read for it.
    if (difference.kind === 'missing') pending.push({ id, store: 'cache', expectedVersion, countsAt: 0 })
  }
}
