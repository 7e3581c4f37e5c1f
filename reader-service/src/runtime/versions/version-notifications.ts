import type { EncodedItem } from '../queries/definition.ts'
import type { VersionFinder } from '../read-model.ts'

export type IdVersion = { id: string; version: number }

/** A version that may be in the read model. `item` builds its item, if the read model is known to have it. */
export type Arrival = IdVersion & { item?: () => EncodedItem }

/** Ends the version waits of this replica's queries on one read model. */
export type VersionNotifications = {
  /** Dispose of the wait after its use. */
  startWait: (id: string, version: number) => VersionWait
  notify: (arrival: Arrival) => void
}

/** `ended` resolves when the version, or a later one, may be in the read model; with its item, if that is known. */
export type VersionWait = Disposable & { ended: Promise<EncodedItem | undefined> }

const POLL_MS = 100

/**
 * The projector's notifications end a wait early. A notification can be lost, so the store is polled too: one poll for
 * all waiters together. If each waiter polled, their polls would slow down the projection for which they wait (ADR 10).
 */
export function versionNotifications(store: VersionFinder): VersionNotifications {
  const waits = versionWaits()
  let polling = false

  function pollLater(): void {
    polling = true
    setTimeout(() => void poll(), POLL_MS)
  }

  async function poll(): Promise<void> {
    if (waits.ids().length > 0) {
      // If the store does not respond, the waiters reach their time limit.
      const versions = await store.versions(waits.ids()).catch(() => [])
      for (const [id, version] of versions) waits.end({ id, version })
    }
    polling = false
    if (waits.ids().length > 0) pollLater()
  }

  return {
    startWait(id, version) {
      const wait = waits.add(id, version)
      if (!polling) pollLater()
      return wait
    },
    notify: waits.end,
  }
}

type Waiter = { version: number; resolve: (item: EncodedItem | undefined) => void }

/** The waits that have not ended, by id. */
function versionWaits() {
  const waiters = new Map<string, Set<Waiter>>()

  function remove(id: string, waiter: Waiter): void {
    const others = waiters.get(id)
    others?.delete(waiter)
    if (others?.size === 0) waiters.delete(id)
  }

  return {
    ids: () => [...waiters.keys()],
    add(id: string, version: number): VersionWait {
      const { promise, resolve } = Promise.withResolvers<EncodedItem | undefined>()
      const waiter = { version, resolve }
      const others = waiters.get(id)
      if (others) others.add(waiter)
      else waiters.set(id, new Set([waiter]))
      return { ended: promise, [Symbol.dispose]: () => remove(id, waiter) }
    },
    end({ id, version, item }: Arrival): void {
      const ended = [...(waiters.get(id) ?? [])].filter((waiter) => waiter.version <= version)
      if (ended.length === 0) return
      const arrived = item?.()
      for (const waiter of ended) {
        remove(id, waiter)
        waiter.resolve(arrived)
      }
    },
  }
}
