import type { AuditedCache, AuditedStore, StoredEntry } from '../read-model.ts'
import type { WriterStates } from '../rebuild/writer-states.ts'
import type { AuditedStoreName, Mismatch } from './mismatches.ts'

export type AuditOptions = {
  repair: boolean
  documentsPerSecond: number
  /** An entry that is missing or behind is a mismatch if it stays so for longer than this. */
  ageLimitMs: number
}

export type AuditProgress = {
  compared: number
  total: number
  /** Differences that must be checked again. */
  pending: number
  cacheCompared: boolean
}

/** Receives the results while the audit runs; an error that it throws ends the audit. */
export type AuditListener = {
  onMismatch: (mismatch: Mismatch) => Promise<void>
  onProgress: (progress: AuditProgress) => Promise<void>
}

export type AuditedPorts = {
  store: AuditedStore
  cache: AuditedCache
  writer: WriterStates
}

/** A difference that must be checked again before it counts as a mismatch. */
export type PendingCheck = {
  id: string
  store: AuditedStoreName
  /** The version that the store must reach. */
  expectedVersion: number
  /** When it counts if it has not reached that version; a time of `performance.now()`. */
  countsAt: number
}

/** The state of one audit in progress. */
export type AuditRun = {
  readonly ports: AuditedPorts
  readonly options: AuditOptions
  readonly listener: AuditListener
  readonly pageSize: number
  compared: number
  total: number
  cacheCompared: boolean
  pending: PendingCheck[]
  /** Whether a repair has begun: even one that failed may have changed a store. */
  repairBegun: boolean
  /** When the rate permits the next page; a time of `performance.now()`. */
  nextPageAt: number
}

export type AuditedEntries = Record<AuditedStoreName, Map<string, StoredEntry>>

export function progressOf({ compared, total, cacheCompared, pending }: AuditRun): AuditProgress {
  return { compared, total, cacheCompared, pending: pending.length }
}

/** The entries of the cache; none while it is closed. */
export async function cachedEntries(
  run: AuditRun,
  ids: readonly string[],
): Promise<Map<string, StoredEntry>> {
  const entries = await run.ports.cache.find(ids)
  if (!entries) run.cacheCompared = false
  return entries ?? new Map<string, StoredEntry>()
}
