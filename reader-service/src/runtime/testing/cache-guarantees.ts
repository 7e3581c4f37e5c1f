import { describe, expect, test } from 'vitest'
import { encodedItem, type CacheRead, type Lease } from '../queries/load-item.ts'
import type { SourceState } from '../read-model.ts'
import { crashAndRedelivery, eviction, playAll, projection, reader, starts } from './cache-interleavings.ts'
import type { SuiteSubject } from './read-model-suite.ts'
import { ttlMs } from './replica.ts'

export function leaseOf(read: CacheRead): Lease {
  if (read.kind !== 'miss' || !read.lease) throw new Error(`no lease: ${JSON.stringify(read)}`)
  return read.lease
}

export function cacheGuarantees({ readModel, examples, replica, other }: SuiteSubject): void {
  const { state, deleted = state } = examples
  const { items } = readModel
  const encoded = (of: SourceState) => encodedItem(items, items.ofState(of))
  const itemAt = (id: string, version: number) => encoded(state(id, version))

  async function fill(id: string, version: number): Promise<void> {
    await replica().cache.fill(leaseOf(await replica().cache.read(id)), itemAt(id, version))
  }
  const applied = (id: string, version: number) =>
    replica().projectedCache.update([{ state: state(id, version), applied: true }])
  const superseded = (id: string, version: number) =>
    replica().projectedCache.update([{ state: state(id, version), applied: false }])

  describe('cache', () => {
    test('an item is read as it was stored, a tombstone too', async () => {
      const { cache, store, finder } = replica()
      for (const stored of [state(crypto.randomUUID(), 3), deleted(crypto.randomUUID(), 4)]) {
        await store.apply([stored])
        const found = await finder.find(stored.id)
        expect(found).toEqual(items.ofState(stored))
        const item = encodedItem(items, found!)
        await cache.fill(leaseOf(await cache.read(stored.id)), item)
        expect(await cache.read(stored.id)).toEqual({ kind: 'hit', item })
        expect(items.decode(stored.id, item.version, item.json)).toEqual(found)
      }
    })

    test('a second query gets no lease while the first has one', async () => {
      const { cache } = replica()
      const id = crypto.randomUUID()
      const lease = leaseOf(await cache.read(id))
      expect(await other().cache.read(id)).toEqual({ kind: 'miss' })
      await cache.fill(lease, itemAt(id, 1))
      expect(await cache.read(id)).toMatchObject({ kind: 'hit' })
    })

    test('entries and leases expire, entries up to a tenth early', async () => {
      const { redis, keyOf, cache } = replica()
      const id = crypto.randomUUID()
      const lease = leaseOf(await cache.read(id))
      expect(await redis.pttl(keyOf(id))).toBeGreaterThan(0)
      await cache.fill(lease, itemAt(id, 1))
      const ttls = []
      for (let version = 2; version < 30; version++) {
        await applied(id, version)
        ttls.push(await redis.pttl(keyOf(id)))
      }
      expect(Math.max(...ttls)).toBeLessThanOrEqual(ttlMs)
      expect(Math.min(...ttls)).toBeGreaterThan(ttlMs * 0.89)
      expect(new Set(ttls).size).toBeGreaterThan(10)
    })

    test('the projection replaces an older entry; it never creates one or stores an older state', async () => {
      const { cache, projectedCache } = replica()
      const id = crypto.randomUUID()
      await applied(id, 1)
      await fill(id, 2)
      await applied(id, 1)
      expect(await cache.read(id)).toEqual({ kind: 'hit', item: itemAt(id, 2) })
      await projectedCache.update([{ state: deleted(id, 3), applied: true }])
      expect(await cache.read(id)).toEqual({ kind: 'hit', item: encoded(deleted(id, 3)) })
    })

    test('a superseded event removes an older entry, and no entry of its version or a later one', async () => {
      const { cache } = replica()
      const id = crypto.randomUUID()
      await fill(id, 2)
      for (const version of [1, 2]) await superseded(id, version)
      expect(await cache.read(id)).toMatchObject({ kind: 'hit' })
      await superseded(id, 3)
      expect(await cache.read(id)).toMatchObject({ kind: 'miss' })
    })

    test('a script that the server does not have is sent again, also in a pipeline', async () => {
      const { cache, redis, projectedCache } = replica()
      const [id, absent] = [crypto.randomUUID(), crypto.randomUUID()]
      await redis.script('FLUSH')
      const lease = leaseOf(await cache.read(id))
      await redis.script('FLUSH')
      await cache.fill(lease, itemAt(id, 1))
      await redis.script('FLUSH')
      await projectedCache.update([
        { state: state(id, 2), applied: true },
        { state: state(absent, 2), applied: false },
        { state: state(crypto.randomUUID(), 2), applied: true },
      ])
      expect(await cache.read(id)).toEqual({ kind: 'hit', item: itemAt(id, 2) })
    })

    test.each(starts)('in no order of the steps is an entry older than the store: %o', async (start) => {
      const actors = [
        [reader, projection(2), projection(3)],
        [reader, crashAndRedelivery(2), eviction],
      ]
      for (const some of actors) expect((await playAll(replica(), state, start, some)).failures).toEqual([])
    })
  })
}
