import type { Conditions, Item, ListDefinition, Page } from './definition.ts'
import type { ItemFinder } from './item-finder.ts'
import { encodePageToken } from './page-token.ts'
import type { ValidList } from './requests.ts'

/** One page of a list. Rejects with the errors of the finder. */
export async function listItems(
  finder: Pick<ItemFinder, 'list'>,
  { filters, order }: ListDefinition,
  { filters: values, scope, pageSize, after }: ValidList,
  deadline: number,
): Promise<Page<Item>> {
  const conditions: NonNullable<Conditions>[number][] = []
  for (const [name, value] of values) {
    if (value === undefined || value === '') continue
    const filter = filters[name]!
    const found = filter.kind === 'text' ? filter.conditions(String(value)) : filter.conditions(Number(value))
    if (found === undefined) return { items: [], nextPageToken: '' }
    conditions.push(...found)
  }
  const found = await finder.list({ conditions, order, after, limit: pageSize + 1, deadline })
  const items = found.slice(0, pageSize)
  const last = items.at(-1)
  if (found.length <= pageSize || last === undefined) return { items, nextPageToken: '' }
  const key = (last as unknown as Record<string, Date | number>)[order.by]!
  return { items, nextPageToken: encodePageToken({ key, id: last.id }, scope) }
}
