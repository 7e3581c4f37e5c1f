import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noteAt, noteReadModel, type Note } from '../testing/notes.ts'
import type { Item, ListRequest } from './definition.ts'
import type { ItemQuery } from './item-finder.ts'
import { listItems } from './read-model-queries.ts'
import { validList } from './requests.ts'

type Position = { key: Date | number; id: string }

const positionOf = (note: Note, by: string): Position => ({
  key: by === 'rank' ? note.rank : note.createdAt,
  id: note.id,
})

function compare(direction: ItemQuery['order']['direction']) {
  const sign = direction === 'ascending' ? 1 : -1
  return (a: Position, b: Position) => sign * (Number(a.key) - Number(b.key)) || (a.id < b.id ? -1 : 1)
}

/** Returns what the store returns. */
const finderOf = (notes: readonly Note[]) => ({
  list: async ({ after, limit, order: { by, direction } }: ItemQuery): Promise<Item[]> => {
    const inOrder = compare(direction)
    return notes
      .toSorted((a, b) => inOrder(positionOf(a, by), positionOf(b, by)))
      .filter((note) => after === undefined || inOrder(after, positionOf(note, by)) < 0)
      .slice(0, limit)
  },
})

// Few keys, so that many notes share one and the id decides.
const notes = fc
  .uniqueArray(fc.record({ id: fc.uuid(), ms: fc.integer({ min: 0, max: 5 }) }), {
    selector: ({ id }) => id,
    maxLength: 60,
  })
  .map((all) => all.map(({ id, ms }) => noteAt(id, 1, { createdAt: new Date(ms), rank: 5 - ms })))

test.each(['newestNotes', 'lowestNotes'])(
  'the pages together are all items in order, and only the first can be empty: %s',
  async (list) => {
    const definition = noteReadModel.queries.lists[list]!
    const { by, direction } = definition.order
    await fc.assert(
      fc.asyncProperty(notes, fc.integer({ min: 1, max: 100 }), async (all, pageSize) => {
        const found: Item[] = []
        for (let pageToken = '', page = 0; ; page++) {
          const request = { text: '', maxRank: undefined, pageSize, pageToken } as unknown as ListRequest
          const valid = validList(list, definition, request)
          const { items, nextPageToken } = await listItems(finderOf(all), definition, valid, Infinity)
          found.push(...items)
          if (page > 0) expect(items).not.toEqual([])
          if (nextPageToken === '') break
          expect(items).toHaveLength(pageSize)
          pageToken = nextPageToken
        }
        const inOrder = compare(direction)
        expect(found).toEqual(all.toSorted((a, b) => inOrder(positionOf(a, by), positionOf(b, by))))
      }),
    )
  },
)
