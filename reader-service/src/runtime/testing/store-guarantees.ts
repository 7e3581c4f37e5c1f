import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SourceState } from '../read-model.ts'
import type { SuiteSubject } from './read-model-suite.ts'

const change = fc.record({
  index: fc.integer({ min: 0, max: 2 }),
  version: fc.integer({ min: 1, max: 6 }),
  deleted: fc.boolean(),
})
/** A batch has one state of each id. */
const batch = fc.uniqueArray(change, { selector: ({ index }) => index, maxLength: 3 })
const batches = fc.array(batch, { maxLength: 8 })

export function storeGuarantees({ readModel, examples, replica, other }: SuiteSubject): void {
  const { state, deleted = state } = examples
  const { items } = readModel

  describe('store', () => {
    test('a state is applied if its version is higher, and a version never decreases', async () => {
      const { store, finder } = replica()
      const [a, b] = [crypto.randomUUID(), crypto.randomUUID()]
      expect(await store.apply([state(a, 2), state(b, 1)])).toEqual(
        new Map([
          [a, 0],
          [b, 0],
        ]),
      )
      expect(await store.apply([state(a, 1), state(b, 2)])).toEqual(new Map([[b, 1]]))
      expect(await store.apply([state(a, 2), state(b, 2)])).toEqual(new Map())
      expect(await store.apply([])).toEqual(new Map())
      expect(await finder.find(a)).toEqual(items.ofState(state(a, 2)))
      expect(await finder.find(b)).toEqual(items.ofState(state(b, 2)))
      expect(await store.versions([a, b, crypto.randomUUID()])).toEqual(
        new Map([
          [a, 2],
          [b, 2],
        ]),
      )
    })

    test('reads of one turn each get their own document', async () => {
      const { store, finder } = replica()
      const [a, b, unknown] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
      await store.apply([state(a, 2), deleted(b, 3)])
      const found = await Promise.all([b, unknown, a, a].map(finder.find))
      expect(found).toEqual(
        [deleted(b, 3), undefined, state(a, 2), state(a, 2)].map((each) => each && items.ofState(each)),
      )
    })

    test('in whatever order states arrive and whatever is expected, exactly those with a higher version are applied', async () => {
      const { store, finder } = replica()
      const property = fc.asyncProperty(batches, fc.nat(3), async (all, guessedGap) => {
        const ids = Array.from({ length: 3 }, () => crypto.randomUUID())
        const expected = new Map<string, SourceState>()
        for (const changes of all) {
          const states = changes.map((each) =>
            (each.deleted ? deleted : state)(ids[each.index]!, each.version),
          )
          const before = (id: string) => expected.get(id)?.version ?? 0
          const newer = states.filter(({ id, version }) => version > before(id))
          const replaced = new Map(newer.map(({ id }) => [id, before(id)]))
          const guess = ({ version }: SourceState) => Math.max(0, version - 1 - guessedGap)
          expect(await store.apply(states, guess)).toEqual(replaced)
          for (const applied of newer) expected.set(applied.id, applied)
        }
        for (const id of ids) {
          const applied = expected.get(id)
          expect(await finder.find(id)).toEqual(applied && items.ofState(applied))
        }
      })
      await fc.assert(property, { numRuns: 100 })
    })

    test('of batches that race on the same absent ids, the higher versions remain', async () => {
      const stores = [replica().store, other().store] as const
      for (let round = 0; round < 5; round++) {
        const ids = Array.from({ length: 20 }, () => crypto.randomUUID())
        await Promise.all(
          [1, 2, 3, 4].map((version) => stores[version % 2]!.apply(ids.map((id) => state(id, version)))),
        )
        expect(new Set((await stores[0].versions(ids)).values())).toEqual(new Set([4]))
      }
    })

    test.runIf(examples.deleted)(
      'a deletion leaves only a tombstone, and no late event restores it',
      async () => {
        const { store, db, collection } = replica()
        const id = crypto.randomUUID()
        await store.apply([state(id, 1)])
        await store.apply([deleted(id, 3)])
        expect(await store.apply([state(id, 2)])).toEqual(new Map())
        const documents = db.collection<{ _id: string }>(collection)
        expect(await documents.findOne({ _id: id })).toEqual({ _id: id, version: 3, deleted: true })
      },
    )

    test('the preparation can be repeated, and after a drop the store is empty', async () => {
      const { db } = replica()
      const store = readModel.openStore(db, `${replica().collection}_dropped`)
      const id = crypto.randomUUID()
      for (let i = 0; i < 2; i++) await store.prepare()
      await store.apply([state(id, 1)])
      for (let i = 0; i < 2; i++) await store.drop()
      expect(await store.versions([id])).toEqual(new Map())
    })
  })
}
