import type { Audit } from '../audit/audit.ts'
import type { Mismatch } from '../audit/mismatches.ts'

/** The writer limits the rate: a rebuild reads its states as fast. */
const DOCUMENTS_PER_SECOND = 100_000
/** Longer than a group needs after the death of a member: a late event is no fault of the snapshot. */
const AGE_LIMIT_MS = 30_000

/** Returns why a restored generation cannot be used; undefined if it agrees with the writer. It repairs nothing. */
export async function auditRestored(audit: Audit, onPage: () => Promise<void>): Promise<string | undefined> {
  let first: Mismatch | undefined
  let count = 0
  await audit(
    { repair: false, documentsPerSecond: DOCUMENTS_PER_SECOND, ageLimitMs: AGE_LIMIT_MS },
    {
      async onMismatch(mismatch) {
        // A difference within the writer says nothing about the snapshot.
        if (mismatch.store === 'writer') return
        first ??= mismatch
        count++
      },
      onProgress: onPage,
    },
  )
  if (!first) return undefined
  const { id, kind, detail } = first
  const fields = detail === '' ? '' : ` (${detail})`
  return `the audit found ${count} ${count === 1 ? 'mismatch' : 'mismatches'}, the first one: ${id} is ${kind}${fields}`
}
