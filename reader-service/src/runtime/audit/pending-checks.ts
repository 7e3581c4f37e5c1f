import { setTimeout as sleep } from 'node:timers/promises'
import { cachedEntries, progressOf, type AuditRun, type PendingCheck } from './audit-run.ts'
import { differenceOf, mayCatchUp } from './mismatches.ts'
import { repairEntry, type FoundMismatch } from './repair.ts'

const CHECK_SIZE = 500
const CHECK_EVERY_MS = 500

/**
 * Checks all pending differences again, until none is pending: once if no event can remove the difference, otherwise
 * until it is gone or older than the age limit.
 */
export async function checkPending(run: AuditRun): Promise<void> {
  for (;;) {
    const stillPending: PendingCheck[] = []
    for (let from = 0; from < run.pending.length; from += CHECK_SIZE) {
      stillPending.push(...(await checkAgain(run, run.pending.slice(from, from + CHECK_SIZE))))
    }
    run.pending = stillPending
    if (run.pending.length === 0) return
    await run.listener.onProgress(progressOf(run))
    const next = run.pending.reduce((earliest, { countsAt }) => Math.min(earliest, countsAt), Infinity)
    await sleep(Math.min(CHECK_EVERY_MS, Math.max(1, next - performance.now())))
  }
}

/** Returns those that may still catch up. */
async function checkAgain(run: AuditRun, checks: readonly PendingCheck[]): Promise<PendingCheck[]> {
  const ids = [...new Set(checks.map(({ id }) => id))]
  const startedAt = performance.now()
  // The writer last, as in the comparison.
  const entries = { read_model: await run.ports.store.find(ids), cache: await cachedEntries(run, ids) }
  const states = await run.ports.writer.find(ids)
  const stillPending: PendingCheck[] = []
  for (const check of checks) {
    const { id, store, expectedVersion, countsAt } = check
    const actual = entries[store].get(id)
    const expected = states.get(id)
    const difference = differenceOf(store, actual, expected)
    if (!difference) continue
    if (mayCatchUp(difference)) {
      // It has reached the version of the first comparison; what it lacks now is younger.
      if (actual && actual.version >= expectedVersion) continue
      if (startedAt < countsAt) {
        stillPending.push(check)
        continue
      }
    }
    await report(run, { id, store, difference, actual, expected: expected?.state })
  }
  return stillPending
}

async function report(run: AuditRun, found: FoundMismatch): Promise<void> {
  const { id, store, difference, actual, expected } = found
  if (run.options.repair) run.repairBegun = true
  const repaired = run.options.repair && (await repairEntry(run.ports, found))
  const versions = { expectedVersion: expected?.version ?? 0, actualVersion: actual?.version ?? 0 }
  await run.listener.onMismatch({ id, store, ...difference, ...versions, repaired })
}
