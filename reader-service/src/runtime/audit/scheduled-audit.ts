import { setTimeout as sleep } from 'node:timers/promises'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import type { Audit } from './audit.ts'

const AGE_LIMIT_MS = 10_000
const STOP_TIMEOUT_MS = 3_000

/**
 * Audits all read models in turn, pauses and repeats. It repairs nothing; the log and the metrics show what it found.
 *
 * @param audits by the name of the read model
 */
export function startScheduledAudit(options: {
  audits: ReadonlyMap<string, Audit>
  everyMs: number
  documentsPerSecond: number
  log: Log
}): AsyncDisposable {
  const { audits, everyMs, documentsPerSecond, log } = options
  const stopping = new AbortController()
  const { signal } = stopping

  async function auditOne(readModel: string, audit: Audit): Promise<void> {
    let mismatches = 0
    const { compared } = await audit(
      { repair: false, documentsPerSecond, ageLimitMs: AGE_LIMIT_MS },
      {
        async onMismatch(mismatch) {
          mismatches++
          log.error({ readModel, ...mismatch }, 'the audit found a mismatch')
        },
        onProgress: async () => signal.throwIfAborted(),
      },
    )
    log.info({ readModel, compared, mismatches }, 'audited a read model')
  }

  const auditing = repeat(async () => {
    // At random, so that replicas that started together do not audit together.
    await sleep(everyMs * (1 + Math.random() / 10), undefined, { signal }).catch(() => {})
    for (const [readModel, audit] of audits) {
      if (signal.aborted) return
      await auditOne(readModel, audit).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error, readModel }, 'the audit failed')
      })
    }
  }, 0)

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // It may wait for a writer that does not respond.
      await withTimeout(auditing[Symbol.asyncDispose](), STOP_TIMEOUT_MS)
    },
  }
}
