import type { Recovery } from '../evidence/evidence.ts'
import type { Violation } from './violation.ts'

export const PROGRESS_WITHIN_MS = 30_000

/** P: after the fault was healed a command goes all the way, through every writer and reader. */
export function standstills(recoveries: readonly Recovery[]): Violation[] {
  return recoveries.flatMap(({ writer, reader, healedAt, readableAt }) => {
    const way = `from ${writer} to ${reader}`
    if (readableAt === undefined) return [{ promise: 'P', what: `nothing came ${way} after the healing` }]
    const ms = readableAt - healedAt
    return ms <= PROGRESS_WITHIN_MS
      ? []
      : [{ promise: 'P', what: `the first command came ${way} after ${ms} ms` }]
  })
}
