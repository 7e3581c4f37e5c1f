import type { ItemFinder } from '../queries/item-finder.ts'

export type IdVersion = { id: string; version: number }

/** The queries of this replica that wait for a version of one read model, and the notifications that end their waits. */
export type VersionNotifications = {
  /** Resolves `arrived` when the version, or a later one, may be in the read model. Dispose of it after the wait. */
  expect: (id: string, version: number) => Disposable & { arrived: Promise<void> }
  notify: (arrived: IdVersion) => void
}

const POLL_MS = 100

/**
 * The projector's notifications end a wait early. A notification can be lost, so the store is polled too: one poll for
 * all waiters together. If each waiter polled, their polls would slow down the projection for which they wait (ADR 10).
 */
export function versionNotifications(store: Pick<ItemFinder, 'versions'>): VersionNotifications {
  type Waiter = { version: number; resolve: () => void }
  const waiters = new Map<string, Set<Waiter>>()
  let polling = false

  function remove(id: string, waiter: Waiter): void {
    const others = waiters.get(id)
    others?.delete(waiter)
    if (others?.size === 0) waiters.delete(id)
  }

  function notify({ id, version }: IdVersion): void {
    for (const waiter of waiters.get(id) ?? []) {
      if (waiter.version <= version) {
        remove(id, waiter)
        waiter.resolve()
      }
    }
  }

  function pollLater(): void {
    polling = true
    setTimeout(() => void poll(), POLL_MS)
  }

  async function poll(): Promise<void> {
    if (waiters.size > 0) {
      // If the store does not respond, the waiters reach their time limit.
      const versions = await store.versions([...waiters.keys()]).catch(() => [])
      for (const [id, version] of versions) notify({ id, version })
    }
    polling = false
    if (waiters.size > 0) pollLater()
  }

  return {
    expect(id, version) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const waiter = { version, resolve }
      const others = waiters.get(id)
      if (others) others.add(waiter)
      else waiters.set(id, new Set([waiter]))
      if (!polling) pollLater()
      return { arrived: promise, [Symbol.dispose]: () => remove(id, waiter) }
    },
    notify,
  }
}
