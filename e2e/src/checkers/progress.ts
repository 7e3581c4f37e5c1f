import type { Recovery } from '../evidence/evidence.ts'
import type { Violation } from './violation.ts'

export const PROGRESS_WITHIN_MS = 30_000

/** After the fault was healed, a command through every writer becomes readable on every reader in time. */
export function lateRecoveries(recoveries: readonly Recovery[]): Violation[] {
  return recoveries.flatMap(({ writer, reader, healedAt, readableAt }): Violation[] => {
    const way = `from ${writer} to ${reader}`
    if (readableAt === undefined)
      return [{ check: 'progress', what: `no command arrived ${way} after the fault was healed` }]
    const ms = readableAt - healedAt
    if (ms <= PROGRESS_WITHIN_MS) return []
    return [{ check: 'progress', what: `the first command arrived ${way} after ${ms} ms` }]
  })
}
