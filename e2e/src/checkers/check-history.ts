import { duplicates } from './duplicate-effects.ts'
import { misplaced } from './dead-letters.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { History } from '../evidence/history.ts'
import { lost } from './lost-writes.ts'
import { outOfOrder } from './order.ts'
import { standstills } from './progress.ts'
import { differing, staleEntries } from './convergence.ts'
import { backwards } from './monotonic-reads.ts'
import type { Violation } from './violation.ts'

/** Everything in which the system breaks a promise, going by what callers were told and what it keeps. */
export function judge({ commands, reads }: History, evidence: Evidence): Violation[] {
  const { store, topic } = evidence
  return [
    ...lost(commands, evidence),
    ...duplicates(commands, store),
    ...outOfOrder(store, topic),
    ...differing(evidence, reads),
    ...backwards(reads, store),
    ...staleEntries(evidence),
    ...standstills(evidence.recoveries),
    ...misplaced(evidence.rejected),
  ]
}
