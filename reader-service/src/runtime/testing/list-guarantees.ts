import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SourceState } from '../read-model.ts'
import type { Filters, Item, ListRequest } from '../queries/definition.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import { orderOf, sortNames } from '../queries/requests.ts'
import type { SuiteSubject } from './read-model-suite.ts'

/** A request without filters. */
function unfiltered(filters: Filters, sort: string, pageSize: number, pageToken: string): ListRequest {
  const values = Object.entries(filters).map(([name, { kind }]) => [name, kind === 'text' ? '' : undefined])
  return { ...Object.fromEntries(values), sort, pageSize, pageToken } as ListRequest
}

/** What happens between two pages to the items with these numbers: another key, the same key, or a deletion. */
const write = fc.record({
  index: fc.nat({ max: 29 }),
  to: fc.oneof(fc.nat({ max: 5 }), fc.constantFrom('same' as const, 'deleted' as const)),
})
const history = fc.record({
  keys: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 25 }),
  pageSize: fc.integer({ min: 1, max: 7 }),
  // A batch has one state of each id.
  writes: fc.array(fc.uniqueArray(write, { selector: ({ index }) => index, maxLength: 4 }), {
    maxLength: 8,
  }),
})

export function listGuarantees({ readModel, examples, replica }: SuiteSubject): void {
  const { lists } = readModel.queries
  const names = Object.keys(lists)
  const sorted = names.flatMap((name) => sortNames(lists[name]!).map((sort) => [name, sort] as const))

  /** Each test has its own collection. */
  function openList(name: string, sort: string, suffix: string) {
    const { db, collection, get, document } = replica()
    const own = `${collection}_${name}_${sort}_${suffix}`
    const store = readModel.openStore(db, own)
    const finder = readModel.openFinder(db, own, { timeoutMs: 5_000 })
    const list = readModelQueries(readModel, { finder, getItem: get, document }).lists[name]!
    const definition = lists[name]!
    const { direction, ids } = orderOf(definition, sort)!
    const sign = { ascending: 1, descending: -1 }
    return {
      store,
      stateOf: examples.listed[name]![sort.replace('-', '')]!,
      page: (pageSize: number, pageToken = '') =>
        list(unfiltered(definition.filters, sort, pageSize, pageToken), {}),
      compare: (a: { key: number; id: string }, b: { key: number; id: string }) =>
        sign[direction] * (a.key - b.key) || sign[ids] * (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
      empty: () => db.collection(own).deleteMany({}),
    }
  }

  describe('lists', () => {
    test('each sort of each list has an example', () => {
      const declared = names.map((name) => [name, Object.keys(lists[name]!.sorts).toSorted()] as const)
      const given = Object.entries(examples.listed).map(
        ([name, sorts]) => [name, Object.keys(sorts).toSorted()] as const,
      )
      expect(new Map(given)).toEqual(new Map(declared))
    })

    test.each(sorted)(
      'paging through 300 items while others are created returns each exactly once, in order: %s %s',
      async (name, sort) => {
        const { store, page, stateOf, compare } = openList(name, sort, 'paging')
        await store.prepare()
        // Many share a key, so that the id decides.
        const existing = Array.from({ length: 300 }, (_, i) => ({
          key: Math.floor(i / 7),
          id: crypto.randomUUID(),
        }))
        await store.apply(existing.map(({ key, id }) => stateOf(id, 1, key)))
        const keys = new Map<string, number>(existing.map(({ key, id }) => [id, key]))

        const found: Item[] = []
        for (let pageToken = '', number = 0; ; number++) {
          const { items, nextPageToken } = await page(17, pageToken)
          found.push(...items)
          // New ones, also with a key that the paging has passed or is about to reach.
          const created = [number, 60 + number, 25].map((key) => stateOf(crypto.randomUUID(), 1, key))
          // A change that keeps the key moves no item.
          const changed = items.slice(0, 3).flatMap(({ id }) => {
            const key = keys.get(id)
            return key === undefined ? [] : [stateOf(id, 2, key)]
          })
          await store.apply([...created, ...changed])
          if (nextPageToken === '') break
          pageToken = nextPageToken
        }

        const ids = found.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        const known = ids.filter((id) => keys.has(id))
        expect(known).toEqual(existing.toSorted(compare).map(({ id }) => id))
      },
    )

    test.each(sorted)(
      'whatever is written between pages, they are in order, lack no item that keeps its place, and show only states that were written: %s %s',
      async (name, sort) => {
        const { store, page, stateOf, compare, empty } = openList(name, sort, 'moving')
        await store.prepare()
        await fc.assert(
          fc.asyncProperty(history, async ({ keys, pageSize, writes }) => {
            await empty()
            const items = Array.from({ length: 30 }, (_, index) => ({
              id: crypto.randomUUID(),
              version: 0,
              key: keys[index] ?? 0,
            }))
            const written = new Map<string, { id: string; key: number; state: SourceState }>()
            const stateAfter = (item: (typeof items)[number], deleted: boolean) => {
              item.version += 1
              const { id, version, key } = item
              const state = deleted ? examples.deleted!(id, version) : stateOf(id, version, key)
              written.set(`${id}/${version}`, { id, key, state })
              return state
            }
            await store.apply(items.slice(0, keys.length).map((item) => stateAfter(item, false)))
            const kept = new Set(items.slice(0, keys.length))

            const found: Item[] = []
            for (let pageToken = '', number = 0; number < 60; number++) {
              const { items: ofPage, nextPageToken } = await page(pageSize, pageToken)
              found.push(...ofPage)
              const states = (writes[number] ?? []).map(({ index, to }) => {
                const item = items[index]!
                if (to !== 'same') kept.delete(item)
                if (typeof to === 'number') item.key = to
                return stateAfter(item, to === 'deleted' && examples.deleted !== undefined)
              })
              if (states.length > 0) await store.apply(states)
              pageToken = nextPageToken
              if (pageToken === '') break
            }

            const seen = found.map(({ id, version }) => written.get(`${id}/${version}`)!)
            expect(found).toEqual(seen.map(({ state }) => readModel.items.ofState(state)))
            // Strictly: so no state is returned twice.
            for (const [index, each] of seen.slice(1).entries()) {
              expect(compare(seen[index]!, each)).toBeLessThan(0)
            }
            const inOrder = [...kept].toSorted(compare).map(({ id }) => id)
            const keptIds = new Set<string>(inOrder)
            expect(found.map(({ id }) => id).filter((id) => keptIds.has(id))).toEqual(inOrder)
          }),
          { numRuns: 10 },
        )
      },
    )

    test.runIf(examples.deleted).each(sorted)('a deleted id is in no list: %s %s', async (name, sort) => {
      const { store, page, stateOf } = openList(name, sort, 'deleted')
      const id = crypto.randomUUID()
      await store.apply([stateOf(id, 1, 1)])
      expect((await page(10)).items.map((item) => item.id)).toEqual([id])
      await store.apply([examples.deleted!(id, 2)])
      expect((await page(10)).items).toEqual([])
    })

    test.each(sorted)('a token continues only the sort that it was given for: %s %s', async (name, sort) => {
      const { store, page, stateOf } = openList(name, sort, 'token')
      await store.apply([0, 1].map((key) => stateOf(crypto.randomUUID(), 1, key)))
      const { nextPageToken } = await page(1)
      expect((await page(1, nextPageToken)).items).toHaveLength(1)
      for (const [otherName, otherSort] of sorted) {
        if (otherName === name && otherSort === sort) continue
        const other = openList(otherName, otherSort, 'token')
        await expect(other.page(1, nextPageToken)).rejects.toMatchObject({ code: 'invalid' })
      }
    })
  })
}
