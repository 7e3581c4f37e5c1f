import type { ConcurrencyLimit } from '@lockstep/core/async/limit-concurrency.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { EncodedItem } from '../queries/definition.ts'
import type { LoadItem } from '../queries/load-item.ts'
import type { ServedVersions } from './served-versions.ts'
import type { VersionNotifications } from './version-notifications.ts'

export type GetItemQuery = {
  id: string
  minVersion?: number | undefined
  /** When the caller stops waiting, in milliseconds since the epoch; never if it is absent. */
  deadline?: number
}

/**
 * The item, at `minVersion` or later, and never older than what this replica had returned when the query began. Rejects
 * with `not_found` (also for a deleted id), `read_model_behind`, `overloaded` if too many queries wait, and with the
 * errors of the store.
 */
export type GetItem = (query: GetItemQuery) => Promise<EncodedItem>

export type WaitMetrics = { waited: (result: 'ready' | 'behind' | 'refused') => void }

/** Time for a response to reach its caller before the deadline. */
const RESPONSE_MARGIN_MS = 20

export function getItem(ports: {
  /** The subject of the error texts. */
  noun: string
  load: LoadItem
  notifications: Pick<VersionNotifications, 'startWait'>
  served: ServedVersions
  /** Limits the waits of the whole process. */
  waits: ConcurrencyLimit
  maxWaitMs: number
  metrics: WaitMetrics
}): GetItem {
  const { noun, load, notifications, served, waits, maxWaitMs, metrics } = ports

  /** Undefined while the read model is below `minVersion`. */
  async function read(id: string, minVersion: number): Promise<EncodedItem | undefined> {
    const epoch = served.epoch()
    const item = await load(id, minVersion, epoch)
    if (!item || item.version < minVersion) return undefined
    served.add(id, item.version, epoch)
    return item
  }

  async function waitFor(ended: Promise<void>, until: number): Promise<void> {
    try {
      await waits(() => withTimeout(ended, msUntil(until)))
    } catch (error) {
      metrics.waited('refused')
      throw error
    }
  }

  async function readWithWait(id: string, minVersion: number, deadline: number): Promise<EncodedItem> {
    const until = Math.min(Date.now() + maxWaitMs, deadline - RESPONSE_MARGIN_MS)
    for (let waited = false; ; waited = true) {
      // Registered before the read, so that a version that arrives between the read and the wait is not missed.
      using wait = notifications.startWait(id, minVersion)
      const item = await withTimeout(read(id, minVersion), msUntil(until))
      if (item) {
        if (waited) metrics.waited('ready')
        return item
      }
      await waitFor(wait.ended, until)
      if (Date.now() >= until) {
        metrics.waited('behind')
        const detail = `The read model has not reached version ${minVersion} of ${id}`
        throw new AppError('read_model_behind', detail)
      }
    }
  }

  return async ({ id, minVersion, deadline = Infinity }) => {
    const floor = Math.max(minVersion ?? 0, served.highest(id))
    // Most queries end here, without the cost of a wait.
    let item = minVersion === undefined ? await read(id, floor) : undefined
    if (!item && floor > 0) item = await readWithWait(id, floor, deadline)
    if (!item || item.json === '') throw new AppError('not_found', `There is no ${noun} ${id}`)
    return item
  }
}

const msUntil = (until: number) => Math.max(0, until - Date.now())
