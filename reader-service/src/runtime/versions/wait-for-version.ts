import type { ConcurrencyLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { EncodedItem } from '../queries/definition.ts'
import type { VersionNotifications, VersionWait } from './version-notifications.ts'

export type AwaitedVersion = {
  id: string
  version: number
  /** When the caller stops waiting, in milliseconds since the epoch. */
  deadline: number
  /** In the text of the error. Default: the version and the id. */
  label?: string
}

/**
 * Calls `read` at once, and again whenever the read model may have the version, until it returns something. `arrived` is
 * the item at that version or a later one, if this process has just written it to the active generation; then a read of
 * the store that still runs is not awaited. Rejects with
 * `read_model_behind` after the longest wait or shortly before the deadline, with `overloaded` if too many queries wait,
 * and with the errors of `read`.
 */
export type WaitForVersion = <T>(
  awaited: AwaitedVersion,
  read: (arrived?: EncodedItem) => Promise<T | undefined>,
) => Promise<T>

export type WaitMetrics = { waited: (result: 'ready' | 'behind' | 'refused') => void }

/** Time for a response to reach its caller before the deadline. */
const RESPONSE_MARGIN_MS = 20

export function waitForVersion(ports: {
  notifications: Pick<VersionNotifications, 'startWait'>
  /** Limits the waits of the whole process. */
  waits: ConcurrencyLimit
  maxWaitMs: number
  metrics: WaitMetrics
}): WaitForVersion {
  const { notifications, waits, maxWaitMs, metrics } = ports

  async function waitFor<T>(ended: Promise<T>, until: number): Promise<T | undefined> {
    try {
      return await waits(() => withTimeout(ended, msUntil(until)))
    } catch (error) {
      metrics.waited('refused')
      throw error
    }
  }

  return async ({ id, version, deadline, label }, read) => {
    const until = Math.min(Date.now() + maxWaitMs, deadline - RESPONSE_MARGIN_MS)
    let arrived: EncodedItem | undefined
    for (let waited = false; ; waited = true) {
      // Registered before the read, so that a version that arrives during the read or before the wait is not missed.
      using wait = notifications.startWait(id, version)
      const reads = arrived ? [read(arrived)] : [read(), itemOf(wait).then(read)]
      const found = await withTimeout(Promise.race(reads), msUntil(until))
      if (found !== undefined) {
        if (waited) metrics.waited('ready')
        return found
      }
      arrived = await waitFor(wait.ended, until)
      if (!arrived && Date.now() >= until) {
        metrics.waited('behind')
        const awaited = label ?? `version ${version} of ${id}`
        throw new AppError('read_model_behind', `The read model has not reached ${awaited}`)
      }
    }
  }
}

/** Stays pending if the wait ends without an item. */
function itemOf({ ended }: Pick<VersionWait, 'ended'>): Promise<EncodedItem> {
  return new Promise((resolve) => {
    void ended.then((item) => {
      if (item) resolve(item)
    })
  })
}

const msUntil = (until: number) => Math.max(0, until - Date.now())
