import { describe, expect, test } from 'vitest'
import type { Filters, Item, ListRequest } from '../queries/definition.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import type { SuiteSubject } from './read-model-suite.ts'

/** A request without filters. */
function unfiltered(filters: Filters, pageSize: number, pageToken: string): ListRequest {
  const values = Object.entries(filters).map(([name, { kind }]) => [name, kind === 'text' ? '' : undefined])
  return { ...Object.fromEntries(values), pageSize, pageToken } as ListRequest
}

export function listGuarantees({ readModel, examples, replica }: SuiteSubject): void {
  const names = Object.keys(readModel.queries.lists)

  /** Each test has its own collection. */
  function openList(name: string, suffix: string) {
    const { db, collection, get } = replica()
    const store = readModel.openStore(db, `${collection}_${name}_${suffix}`)
    const finder = readModel.openFinder(db, `${collection}_${name}_${suffix}`, { timeoutMs: 5_000 })
    const list = readModelQueries(readModel, { finder, getItem: get }).lists[name]!
    const definition = readModel.queries.lists[name]!
    return {
      store,
      definition,
      page: (pageSize: number, pageToken = '') =>
        list(unfiltered(definition.filters, pageSize, pageToken), {}),
    }
  }

  describe('lists', () => {
    test('each list has an example', () => {
      expect(Object.keys(examples.listed).toSorted()).toEqual(names.toSorted())
    })

    test.each(names)(
      'paging through 1,000 items while others are created returns each exactly once, in order: %s',
      async (name) => {
        const { store, page, definition } = openList(name, 'paging')
        const listed = examples.listed[name]!
        // Many share a key, so that the id decides.
        const existing = Array.from({ length: 1_000 }, (_, i) => {
          const key = Math.floor(i / 7)
          return { key, state: listed(crypto.randomUUID(), 1, key) }
        })
        await store.apply(existing.map(({ state }) => state))
        const keys = new Map(existing.map(({ key, state }) => [state.id, key]))

        const found: Item[] = []
        for (let pageToken = '', number = 0; ; number++) {
          const { items, nextPageToken } = await page(37, pageToken)
          found.push(...items)
          // New ones, also with a key that the paging has passed or is about to reach.
          const created = [number, 200 + number, 70].map((key) => listed(crypto.randomUUID(), 1, key))
          // A change that keeps the key moves no item.
          const changed = items.slice(0, 3).flatMap(({ id }) => {
            const key = keys.get(id)
            return key === undefined ? [] : [listed(id, 2, key)]
          })
          await store.apply([...created, ...changed])
          if (nextPageToken === '') break
          pageToken = nextPageToken
        }

        const ids = found.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        const known = ids.filter((id) => keys.has(id))
        const sign = definition.order.direction === 'ascending' ? 1 : -1
        const inOrder = [...keys.keys()].toSorted(
          (a, b) => sign * (keys.get(a)! - keys.get(b)!) || (a < b ? -1 : 1),
        )
        expect(known).toEqual(inOrder)
      },
    )

    test.runIf(examples.deleted).each(names)('a deleted id is in no list: %s', async (name) => {
      const { store, page } = openList(name, 'deleted')
      const id = crypto.randomUUID()
      await store.apply([examples.listed[name]!(id, 1, 1)])
      expect((await page(10)).items.map((item) => item.id)).toEqual([id])
      await store.apply([examples.deleted!(id, 2)])
      expect((await page(10)).items).toEqual([])
    })
  })
}
