import { describe, expect, test } from 'vitest'
import { encodedItem } from '../queries/load-item.ts'
import { leaseOf } from './cache-guarantees.ts'
import type { SuiteSubject } from './read-model-suite.ts'

export function auditGuarantees({ readModel, examples, replica }: SuiteSubject): void {
  const { state, deleted } = examples

  /** Its own collection, with one document per id. */
  async function openAudited(suffix: string) {
    const { db, collection } = replica()
    const name = `${collection}_audit_${suffix}`
    const store = readModel.openStore(db, name)
    return { ...store, documents: db.collection<{ _id: string; version: number }>(name) }
  }

  describe('audit of the store', () => {
    test('the documents are listed in the order of ids, with what an audit compares', async () => {
      const { audited, apply } = await openAudited('list')
      const ids = Array.from({ length: 5 }, () => crypto.randomUUID()).toSorted()
      await apply(ids.map((id) => state(id, 2)))
      const listed = await audited.list(ids[0], 3)
      expect(listed.map(({ id, version }) => [id, version])).toEqual(ids.slice(1, 4).map((id) => [id, 2]))
      expect(await audited.count()).toBe(5)
      const found = await audited.find([ids[2]!, crypto.randomUUID()])
      expect([...found.keys()]).toEqual([ids[2]])
      expect(found.get(ids[2]!)!.differences(state(ids[2]!, 2))).toEqual([])
    })

    test('each field of a document is compared: a changed, an added and a lost one are differences', async () => {
      const { audited, apply, documents } = await openAudited('differences')
      const id = crypto.randomUUID()
      await apply([state(id, 1)])
      const {
        _id,
        version,
        deleted: _,
        ...fields
      } = (await documents.findOne({ _id: id })) as unknown as Record<string, unknown>
      for (const field of Object.keys(fields)) {
        for (const change of [
          { $set: { [field]: 'changed by hand' } },
          { $unset: { [field]: 1 as const } },
        ]) {
          await documents.updateOne({ _id: id }, change)
          expect((await audited.find([id])).get(id)!.differences(state(id, 1))).toEqual([field])
        }
        await documents.updateOne({ _id: id }, { $set: { [field]: fields[field] } })
      }
      await documents.updateOne({ _id: id }, { $set: { added: 1 } })
      expect((await audited.find([id])).get(id)!.differences(state(id, 1))).toEqual(['added'])
    })

    test.runIf(deleted)('a document instead of a tombstone is different, and the reverse', async () => {
      const { audited, apply } = await openAudited('tombstones')
      const [live, dead] = [crypto.randomUUID(), crypto.randomUUID()]
      await apply([state(live, 1), deleted!(dead, 1)])
      const found = await audited.find([live, dead])
      expect(found.get(live)!.differences(deleted!(live, 1))).toContain('deleted')
      expect(found.get(dead)!.differences(state(dead, 1))).toContain('deleted')
      expect(found.get(dead)!.differences(deleted!(dead, 1))).toEqual([])
    })

    test('a repair applies only to what the audit has read', async () => {
      const { audited, apply, versions } = await openAudited('repair')
      const id = crypto.randomUUID()
      expect(await audited.advance(state(id, 2))).toBe(true)
      expect(await audited.advance(state(id, 1))).toBe(false)
      expect(await audited.replace(1, state(id, 1))).toBe(false)
      expect(await audited.replace(2, state(id, 1))).toBe(true)
      expect(await versions([id])).toEqual(new Map([[id, 1]]))
      await apply([state(id, 3)])
      expect(await audited.remove(id, 1)).toBe(false)
      expect(await audited.remove(id, 3)).toBe(true)
      expect(await versions([id])).toEqual(new Map())
    })
  })

  describe('audit of the cache', () => {
    test('an entry is found and compared; a lease is no entry; a removal ends both', async () => {
      const { cache, auditedCache, items, redis, keyOf } = replica()
      const [id, leased] = [crypto.randomUUID(), crypto.randomUUID()]
      await cache.fill(leaseOf(await cache.read(id)), encodedItem(items, items.ofState(state(id, 2))))
      const lease = leaseOf(await cache.read(leased))
      const entry = (await auditedCache.find([id, leased]))!
      expect([...entry.keys()]).toEqual([id])
      expect(entry.get(id)!.version).toBe(2)
      expect(entry.get(id)!.differences(state(id, 2))).toEqual([])
      expect(entry.get(id)!.differences({ ...state(id, 1), version: 2 })).not.toEqual([])
      await redis.set(keyOf(id), '2 garbage')
      expect((await auditedCache.find([id]))!.get(id)!.differences(state(id, 2))).toHaveLength(1)
      for (const each of [id, leased]) await auditedCache.remove(each)
      expect(await auditedCache.find([id])).toEqual(new Map())
      await cache.fill(lease, encodedItem(items, items.ofState(state(leased, 1))))
      expect(await cache.read(leased)).toMatchObject({ kind: 'miss' })
    })
  })
}
