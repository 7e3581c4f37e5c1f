import { durationBuckets } from '@lockstep/core/telemetry/metrics.ts'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { driftKinds, type DriftKind, type Place } from './ops/app/drift.ts'
import type { AuditMetrics } from './ops/app/measured-audit.ts'
import type { ProjectionMetrics, QueryMetrics } from './product/app/ports.ts'

export type ReaderMetrics = QueryMetrics &
  ProjectionMetrics &
  AuditMetrics & { cacheOpen: (open: boolean) => void; activeModel: (generation: number) => void }

export function readerMetrics(registry: Registry): ReaderMetrics {
  const registers = [registry]
  const cacheReads = new Counter({
    name: 'reader_cache_reads_total',
    help: 'Reads of the cache: hit, miss, stale (older than was asked for), bypass (not asked), error',
    labelNames: ['result'] as const,
    registers,
  })
  const cacheOpen = new Gauge({
    name: 'reader_cache_open',
    help: 'Whether queries may use the cache: 0 after its writes failed for too long, until it answers again',
    registers,
  })
  const waiters = new Gauge({
    name: 'reader_min_version_waiters',
    help: 'Queries that wait for a version now',
    registers,
  })
  const waits = new Counter({
    name: 'reader_min_version_waits_total',
    help: 'Queries that had to wait for a version: ready, behind (in vain), refused (too many)',
    labelNames: ['result'] as const,
    registers,
  })
  const events = new Counter({
    name: 'reader_projection_events_total',
    help: 'Events: applied, or superseded (the model or the batch had that version or a later one)',
    labelNames: ['result'] as const,
    registers,
  })
  const missing = new Counter({
    name: 'reader_projection_missing_versions_total',
    help: 'Versions that did not arrive before a later one of the same product was applied',
    registers,
  })
  const delay = new Histogram({
    name: 'reader_write_to_readable_seconds',
    help: 'From the moment an event occurred, by the clock of its writer, until the model had it',
    buckets: [...durationBuckets, 30, 60, 300],
    registers,
  })
  const drift = new Gauge({
    name: 'reader_audit_drift_products',
    help: 'Products that the last whole audit found to differ, by where and how; repaired ones too',
    labelNames: ['place', 'kind'] as const,
    registers,
  })
  const audited = new Gauge({
    name: 'reader_audit_completed_timestamp_seconds',
    help: 'When an audit last came to its end',
    registers,
  })
  const activeModel = new Gauge({
    name: 'reader_active_model_generation',
    help: 'The generation of the read model that queries see: 0, and one more with each rebuild',
    registers,
  })
  return {
    activeModel: (generation) => activeModel.set(generation),
    cacheAnswered: (result) => cacheReads.inc({ result }),
    cacheOpen: (open) => cacheOpen.set(open ? 1 : 0),
    waiters: (count) => waiters.set(count),
    waited: (result) => waits.inc({ result }),
    projected: (counts) => {
      events.inc({ result: 'applied' }, counts.applied)
      events.inc({ result: 'superseded' }, counts.superseded)
      missing.inc(counts.missing)
    },
    audited(counts) {
      for (const [place, kinds] of Object.entries(driftKinds) as [Place, readonly DriftKind[]][]) {
        for (const kind of kinds) drift.set({ place, kind }, counts(place, kind))
      }
      audited.setToCurrentTime()
    },
    // Clocks of two machines may differ by more than the delay is long.
    becameReadable: (seconds) => delay.observe(Math.max(0, seconds)),
  }
}
