import { durationBuckets } from '@lockstep/core/telemetry/metrics.ts'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ProjectionMetrics } from './projection/project-events.ts'
import type { DocumentMetrics } from './queries/load-document.ts'
import type { CacheMetrics } from './queries/load-item.ts'
import type { WaitMetrics } from './versions/wait-for-version.ts'

export type ReadModelMetrics = CacheMetrics &
  DocumentMetrics &
  WaitMetrics &
  ProjectionMetrics & {
    cacheOpen: (open: boolean) => void
    activeGeneration: (generation: number) => void
  }

/** The metrics of the reader. The label `read_model` has one value per read model. */
export function readerMetrics(registry: Registry) {
  const registers = [registry]
  const ofReadModel = ['read_model'] as const
  const withResult = ['read_model', 'result'] as const
  const cacheReads = new Counter({
    name: 'reader_cache_reads_total',
    help: 'Reads of the cache: hit, miss, stale (older than needed), bypass (not used), error',
    labelNames: withResult,
    registers,
  })
  const documentReads = new Counter({
    name: 'reader_top_lists_total',
    help: 'Top lists: made, cached (another query made it), and made without the cache: bypass (not used), error',
    labelNames: withResult,
    registers,
  })
  const cacheOpen = new Gauge({
    name: 'reader_cache_open',
    help: 'Whether queries may use the cache: 0 after its writes failed for too long, until it responds again',
    labelNames: ofReadModel,
    registers,
  })
  const waiters = new Gauge({
    name: 'reader_min_version_waiters',
    help: 'Queries that wait for a version, of all read models',
    registers,
  })
  const waits = new Counter({
    name: 'reader_min_version_waits_total',
    help: 'Queries that had to wait for a version: ready, behind (it did not arrive in time), refused (too many)',
    labelNames: withResult,
    registers,
  })
  const events = new Counter({
    name: 'reader_projection_events_total',
    help: 'Events: applied, or superseded (the read model or the batch had that version or a later one)',
    labelNames: withResult,
    registers,
  })
  const missing = new Counter({
    name: 'reader_projection_missing_versions_total',
    help: 'Versions that did not arrive before a later one of the same id was applied',
    labelNames: ofReadModel,
    registers,
  })
  const delay = new Histogram({
    name: 'reader_write_to_readable_seconds',
    help: 'From the time at which an event occurred, by the clock of its writer, until the read model had it',
    labelNames: ofReadModel,
    buckets: [...durationBuckets, 30, 60, 300],
    registers,
  })
  const activeGeneration = new Gauge({
    name: 'reader_active_model_generation',
    help: 'The generation of the read model that queries use: 0 at first; each rebuild adds one',
    labelNames: ofReadModel,
    registers,
  })
  return {
    waiters: (count: number) => waiters.set(count),
    of: (read_model: string): ReadModelMetrics => ({
      activeGeneration: (generation) => activeGeneration.set({ read_model }, generation),
      cacheRead: (result) => cacheReads.inc({ read_model, result }),
      documentRead: (result) => documentReads.inc({ read_model, result }),
      cacheOpen: (open) => cacheOpen.set({ read_model }, open ? 1 : 0),
      waited: (result) => waits.inc({ read_model, result }),
      projected: (counts) => {
        events.inc({ read_model, result: 'applied' }, counts.applied)
        events.inc({ read_model, result: 'superseded' }, counts.superseded)
        missing.inc({ read_model }, counts.missing)
      },
      // The clocks of two machines may differ by more than the delay.
      becameReadable: (seconds) => delay.observe({ read_model }, Math.max(0, seconds)),
    }),
  }
}

export type ReaderMetrics = ReturnType<typeof readerMetrics>
