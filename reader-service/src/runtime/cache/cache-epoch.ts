import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Db } from 'mongodb'

/**
 * The cache epoch is a part of every key. One document in the read model's database has the current epoch and whether
 * it is open. This limits how long a cache that cannot be written delays the projection (ADR 7):
 *
 * - Each state that the store applied needs a cache write. While that fails, the invalidation is pending: the offsets
 *   are not committed and the batch is repeated (`projected-cache.ts`).
 * - An invalidation that is pending for too long closes the epoch. Replicas read the document every second. A replica
 *   that finds it closed, or has not read it for `maxAgeMs`, does not use the cache. So `maxAgeMs` after the closing no
 *   query uses it: the projection waits that long, then commits the offsets, and nothing is pending.
 * - When the epoch was closed for `reopenAfterMs`, and for `maxAgeMs` at least, and Redis responds, a replica opens the
 *   next epoch, whose keys are new. If it did so earlier, a replica that cannot read the document would still use the
 *   previous epoch.
 *
 * So for `maxAgeMs` after a read found an epoch open, no later one is open, and the projection need not read the
 * document for each batch. It asks after it has written the store: a query that fills an entry of a later epoch reads
 * the store later still. For the same reason it may skip the cache while the epoch is closed.
 */
export type CacheEpoch = { number: number; open: boolean }

export type CacheEpochStore = {
  read: () => Promise<CacheEpoch>
  close: (number: number) => Promise<void>
  /** Opens the epoch after this one, if this one is current and closed. */
  openNext: (number: number) => Promise<void>
}

export type CacheEpochWatch = AsyncDisposable & {
  /** The epoch that queries may use now; undefined if they must not use the cache. */
  current: () => number | undefined
  refresh: () => Promise<CacheEpoch>
  close: (number: number) => Promise<void>
  /** How long this process has known that it is closed, in ms; undefined while it is open. */
  closedForMs: () => number | undefined
}

export function watchCacheEpoch(options: {
  store: CacheEpochStore
  refreshMs: number
  maxAgeMs: number
  reopenAfterMs: number
  cacheResponds: () => Promise<boolean>
  onChange: (epoch: CacheEpoch) => void
}): CacheEpochWatch {
  const { store } = options
  const reopenAfterMs = Math.max(options.reopenAfterMs, options.maxAgeMs)
  // Knowledge is as old as the start of the read that it comes from.
  let known: { epoch: CacheEpoch; readAt: number } | undefined
  let closedAt: number | undefined

  async function refresh(): Promise<CacheEpoch> {
    const readAt = performance.now()
    const epoch = await store.read()
    if (!known || readAt >= known.readAt) {
      const before = known?.epoch
      known = { epoch, readAt }
      closedAt = epoch.open ? undefined : (closedAt ?? performance.now())
      if (before?.number !== epoch.number || before.open !== epoch.open) options.onChange(epoch)
    }
    return epoch
  }
  const closedForMs = () => (closedAt === undefined ? undefined : performance.now() - closedAt)

  async function refreshAndReopen(): Promise<void> {
    const { number, open } = await refresh()
    if (open || (closedForMs() ?? 0) < reopenAfterMs) return
    if (await options.cacheResponds()) {
      await store.openNext(number)
      await refresh()
    }
  }

  // While the document cannot be read, the knowledge ages, and this replica stops using the cache.
  const refreshing = repeat(() => refreshAndReopen().catch(() => {}), options.refreshMs)

  return {
    current: () =>
      known?.epoch.open && performance.now() - known.readAt <= options.maxAgeMs
        ? known.epoch.number
        : undefined,
    refresh,
    async close(number) {
      await store.close(number)
      await refresh()
    },
    closedForMs,
    [Symbol.asyncDispose]: () => refreshing[Symbol.asyncDispose](),
  }
}

type EpochDocument = CacheEpoch & { _id: string }

/** One document per generation of a read model, for all replicas. Its id is the name of the collection. */
export function mongoCacheEpoch(db: Db, collection: string): CacheEpochStore & { drop: () => Promise<void> } {
  const epochs = db.collection<EpochDocument>('cache_epochs')
  const _id = collection
  return {
    async read() {
      const found =
        (await epochs.findOne({ _id })) ??
        (await epochs.findOneAndUpdate(
          { _id },
          // From the clock: when the database was emptied, entries of the time before are not used.
          { $setOnInsert: { number: Date.now(), open: true } },
          { upsert: true, returnDocument: 'after' },
        ))
      if (!found) throw new Error(`failed to create the cache epoch of ${collection}`)
      return { number: found.number, open: found.open }
    },
    async close(number) {
      await epochs.updateOne({ _id, number }, { $set: { open: false } })
    },
    async openNext(number) {
      await epochs.updateOne({ _id, number, open: false }, { $set: { number: number + 1, open: true } })
    },
    async drop() {
      await epochs.deleteOne({ _id })
    },
  }
}
