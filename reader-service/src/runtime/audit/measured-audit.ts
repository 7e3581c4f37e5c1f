import { Gauge, type Registry } from 'prom-client'
import type { Audit } from './audit.ts'
import { mismatchKinds, type Mismatch } from './mismatches.ts'

export type AuditMetrics = {
  /** Called at the end of a complete audit with the mismatches per store and kind. */
  audited: (readModel: string, counts: ReadonlyMap<string, number>) => void
}

export function auditMetrics(registry: Registry): AuditMetrics {
  const registers = [registry]
  const drift = new Gauge({
    name: 'reader_audit_drift_products',
    help: 'Mismatches that the last complete audit found, by store and kind, including repaired ones',
    labelNames: ['read_model', 'store', 'kind'] as const,
    registers,
  })
  const completed = new Gauge({
    name: 'reader_audit_completed_timestamp_seconds',
    help: 'When an audit was last completed',
    labelNames: ['read_model'] as const,
    registers,
  })
  return {
    audited(readModel, counts) {
      for (const [store, kinds] of Object.entries(mismatchKinds)) {
        for (const kind of kinds) {
          drift.set({ read_model: readModel, store, kind }, counts.get(`${store} ${kind}`) ?? 0)
        }
      }
      completed.setToCurrentTime({ read_model: readModel })
    },
  }
}

/** The audit, and a metric of what the last complete one found. */
export function measuredAudit(readModel: string, audit: Audit, metrics: AuditMetrics): Audit {
  return async (options, listener) => {
    const counts = new Map<string, number>()
    const end = await audit(options, {
      ...listener,
      onMismatch(mismatch: Mismatch) {
        const key = `${mismatch.store} ${mismatch.kind}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
        return listener.onMismatch(mismatch)
      },
    })
    metrics.audited(readModel, counts)
    return end
  }
}
