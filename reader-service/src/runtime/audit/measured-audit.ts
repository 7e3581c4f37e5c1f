import type { Audit } from './audit.ts'
import type { DriftKind, Place } from './mismatches.ts'

export type AuditMetrics = {
  /** Told at the end of a whole audit; gives how many products drifted so. */
  audited: (counts: (place: Place, kind: DriftKind) => number) => void
}

/** The audit, with a metric of what the last whole one found. */
export function measuredAudit(audit: Audit, metrics: AuditMetrics): Audit {
  return async (options, listener) => {
    const counts = new Map<string, number>()
    const end = await audit(options, {
      ...listener,
      onFinding(finding) {
        const name = `${finding.place} ${finding.kind}`
        counts.set(name, (counts.get(name) ?? 0) + 1)
        return listener.onFinding(finding)
      },
    })
    metrics.audited((place, kind) => counts.get(`${place} ${kind}`) ?? 0)
    return end
  }
}
