import type { Evidence } from '../evidence/evidence.ts'
import type { History } from '../evidence/history.ts'
import { incoherentEntries } from './cache-coherence.ts'
import { divergence } from './convergence.ts'
import { wrongDeadLetters } from './dead-letters.ts'
import { duplicateEffects } from './duplicate-effects.ts'
import { wrongHistories } from './histories.ts'
import { lostWrites } from './lost-writes.ts'
import { nonMonotonicReads } from './monotonic-reads.ts'
import { outOfOrder } from './order.ts'
import type { Violation } from './violation.ts'

/** Compares what the callers of one subject's aggregates experienced with what the system stores about them. */
export function checkHistory({ commands, reads, changes }: History, evidence: Evidence): Violation[] {
  const { events, topic } = evidence
  return [
    ...lostWrites(commands, evidence),
    ...duplicateEffects(commands, events),
    ...outOfOrder(events, topic),
    ...divergence(evidence, reads),
    ...nonMonotonicReads(reads, events),
    ...incoherentEntries(evidence),
    ...wrongHistories(changes, events),
    ...evidence.rejected.flatMap(wrongDeadLetters),
  ]
}
