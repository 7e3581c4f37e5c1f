import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { EncodedItem } from '../queries/definition.ts'
import type { LoadItem } from '../queries/load-item.ts'
import type { ServedVersions } from './served-versions.ts'
import type { WaitForVersion } from './wait-for-version.ts'

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

export function getItem(ports: {
  /** The subject of the error texts. */
  noun: string
  load: LoadItem
  served: ServedVersions
  wait: WaitForVersion
}): GetItem {
  const { noun, load, served, wait } = ports

  /** Undefined while the read model is below `minVersion`. */
  async function read(id: string, minVersion: number): Promise<EncodedItem | undefined> {
    const epoch = served.epoch()
    const item = await load(id, minVersion, epoch)
    if (!item || item.version < minVersion) return undefined
    return serve(id, item, epoch)
  }

  function serve(id: string, item: EncodedItem, epoch: number): EncodedItem {
    served.add(id, item.version, epoch)
    return item
  }

  return async ({ id, minVersion, deadline = Infinity }) => {
    const floor = Math.max(minVersion ?? 0, served.highest(id))
    // Most queries end here, without the cost of a wait.
    let item = minVersion === undefined ? await read(id, floor) : undefined
    if (!item && floor > 0) {
      item = await wait({ id, version: floor, deadline }, async (arrived) =>
        arrived ? serve(id, arrived, served.epoch()) : read(id, floor),
      )
    }
    if (!item || item.json === '') throw new AppError('not_found', `There is no ${noun} ${id}`)
    return item
  }
}
