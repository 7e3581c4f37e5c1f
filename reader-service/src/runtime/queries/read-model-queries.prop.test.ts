import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noteAt, noteReadModel, type Note } from '../testing/notes.ts'
import type { Item, ItemOrder, ListRequest } from './definition.ts'
import type { ItemQuery, ListedItem, PagePosition } from './item-finder.ts'
import { listItems } from './read-model-queries.ts'
import { orderOf, sortNames, validList } from './requests.ts'

const positionOf = (note: Note, { by }: ItemOrder): PagePosition => ({
  key: by === 'rank' ? note.rank : by === 'text' ? note.text : note.createdAt,
  id: note.id,
})

function compare({ direction, ids }: ItemOrder) {
  const sign = { ascending: 1, descending: -1 }
  return (a: PagePosition, b: PagePosition) =>
    sign[direction] * (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
    sign[ids] * (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** Returns what the store returns. */
const finderOf = (notes: readonly Note[]) => ({
  list: async ({ after, limit, order }: ItemQuery): Promise<ListedItem[]> => {
    const inOrder = compare(order)
    return notes
      .toSorted((a, b) => inOrder(positionOf(a, order), positionOf(b, order)))
      .filter((note) => after === undefined || inOrder(after, positionOf(note, order)) < 0)
      .slice(0, limit)
      .map((item) => ({ item, key: positionOf(item, order).key }))
  },
})

// Few keys, so that many notes share one and the id decides.
const notes = fc
  .uniqueArray(fc.record({ id: fc.uuid(), ms: fc.integer({ min: 0, max: 5 }) }), {
    selector: ({ id }) => id,
    maxLength: 60,
  })
  .map((all) =>
    all.map(({ id, ms }) => noteAt(id, 1, { createdAt: new Date(ms), rank: 5 - ms, text: `${ms % 3}` })),
  )

const { lists } = noteReadModel.queries

test.each(Object.keys(lists).flatMap((list) => sortNames(lists[list]!).map((sort) => [list, sort] as const)))(
  'the pages together are all items in order, and only the first can be empty: %s %s',
  async (list, sort) => {
    const definition = lists[list]!
    const order = orderOf(definition, sort)!
    await fc.assert(
      fc.asyncProperty(notes, fc.integer({ min: 1, max: 100 }), async (all, pageSize) => {
        const found: Item[] = []
        for (let pageToken = '', page = 0; ; page++) {
          const request = {
            text: '',
            maxRank: undefined,
            sort,
            pageSize,
            pageToken,
          } as unknown as ListRequest
          const valid = validList(list, definition, request)
          const { items, nextPageToken } = await listItems(finderOf(all), definition.filters, valid, Infinity)
          found.push(...items)
          if (page > 0) expect(items).not.toEqual([])
          if (nextPageToken === '') break
          expect(items).toHaveLength(pageSize)
          pageToken = nextPageToken
        }
        const inOrder = compare(order)
        expect(found).toEqual(all.toSorted((a, b) => inOrder(positionOf(a, order), positionOf(b, order))))
      }),
    )
  },
)
