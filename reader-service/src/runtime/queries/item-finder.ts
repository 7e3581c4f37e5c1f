import type { Conditions, Item, ItemOrder, SortKey, StoredItem } from './definition.ts'

/**
 * The read model as queries use it. Rejects with `unavailable`, or with `deadline_exceeded` if a query takes too long.
 */
export type ItemFinder = {
  find: (id: string) => Promise<StoredItem | undefined>
  /** The versions that the store has of these ids, tombstones included; an unknown id is absent. */
  versions: (ids: readonly string[]) => Promise<Map<string, number>>
  /** Items that are not deleted, in the given order. */
  list: (query: ItemQuery) => Promise<ListedItem[]>
  /** How many items match, at most `limit`. */
  count: (query: Pick<ItemQuery, 'conditions' | 'limit' | 'deadline'>) => Promise<number>
}

/** An item with what the order compares, as the store has it. */
export type ListedItem = { readonly item: Item; readonly key: SortKey }

export type ItemQuery = {
  conditions: NonNullable<Conditions>
  order: ItemOrder
  /** Only the items after this position. */
  after: PagePosition | undefined
  limit: number
  /** Milliseconds since the epoch; the caller ignores a later result. */
  deadline: number
}

/** The last item of a page: its value of the order's field, and its id. */
export type PagePosition = { readonly key: SortKey; readonly id: string }
