import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'
import type { Audit } from './audit.ts'
import { auditMetrics, measuredAudit } from './measured-audit.ts'
import { startScheduledAudit } from './scheduled-audit.ts'

const log = createLog({ service: 'test', level: 'silent' })
const end = { compared: 1, total: 1, pending: 0, cacheCompared: true }
const mismatch = {
  id: 'a',
  store: 'read_model',
  kind: 'behind',
  expectedVersion: 2,
  actualVersion: 1,
  detail: '',
  repaired: false,
} as const

test('all read models are audited in turn and repaired never, also after one audit has failed', async () => {
  const audited: string[] = []
  const auditOf =
    (name: string): Audit =>
    async ({ repair }) => {
      audited.push(`${name} ${repair}`)
      if (name === 'note') throw new Error('the writer does not respond')
      return end
    }
  const audits = new Map(['note', 'product'].map((name) => [name, auditOf(name)]))
  await using _ = startScheduledAudit({ audits, everyMs: 1, documentsPerSecond: 10, log })
  await vi.waitFor(() => expect(audited.length).toBeGreaterThanOrEqual(4))
  expect(audited.slice(0, 4)).toEqual(['note false', 'product false', 'note false', 'product false'])
})

test('a stop ends an audit at its next progress', async () => {
  const started = Promise.withResolvers<void>()
  let ended: unknown
  const audit: Audit = async (_, { onProgress }) => {
    started.resolve()
    try {
      for (;;) {
        await onProgress(end)
        await new Promise(setImmediate)
      }
    } catch (error) {
      ended = error
      throw error
    }
  }
  const scheduled = startScheduledAudit({
    audits: new Map([['note', audit]]),
    everyMs: 1,
    documentsPerSecond: 10,
    log,
  })
  await started.promise
  await scheduled[Symbol.asyncDispose]()
  expect(ended).toMatchObject({ name: 'AbortError' })
})

test('the metrics show what the last complete audit of each read model found', async () => {
  const registry = new Registry()
  const metrics = auditMetrics(registry)
  let found = [mismatch, mismatch]
  const audit = measuredAudit(
    'note',
    async (_, { onMismatch }) => {
      for (const each of found) await onMismatch(each)
      return end
    },
    metrics,
  )
  const listener = { onMismatch: async () => {}, onProgress: async () => {} }
  const drift = async () => {
    const { values } = await registry.getSingleMetric('reader_audit_drift_products')!.get()
    return values.find(({ labels }) => labels['read_model'] === 'note' && labels['kind'] === 'behind')?.value
  }
  const options = { repair: false, documentsPerSecond: 10, ageLimitMs: 0 }
  await audit(options, listener)
  expect(await drift()).toBe(2)
  found = []
  await audit(options, listener)
  expect(await drift()).toBe(0)
})
