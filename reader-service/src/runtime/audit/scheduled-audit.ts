import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@lockstep/core/log/log.ts'
import type { Audit } from './audit.ts'

const AGE_LIMIT_MS = 10_000
const STOP_WITHIN_MS = 3_000

/** Audits again and again, and repairs nothing: what it finds is in the log and the metrics. */
export function startScheduledAudit(options: {
  audit: Audit
  everyMs: number
  productsPerSecond: number
  log: Log
}): AsyncDisposable {
  const { audit, everyMs, productsPerSecond, log } = options
  const stopping = new AbortController()
  const { signal } = stopping

  async function run(): Promise<void> {
    let found = 0
    const end = await audit(
      { repair: false, productsPerSecond, ageLimitMs: AGE_LIMIT_MS },
      {
        async onFinding(finding) {
          found++
          log.error({ ...finding }, 'the read model has drifted')
        },
        onProgress: async () => signal.throwIfAborted(),
      },
    )
    log.info({ compared: end.compared, found }, 'audited the read model')
  }

  const running = (async () => {
    while (!signal.aborted) {
      // Replicas that were started together do not audit together.
      await sleep(everyMs * (1 + Math.random() / 10), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      await run().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'the audit was cut off')
      })
    }
  })()

  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // It may wait for a writer that hangs.
      await Promise.race([running, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
    },
  }
}
