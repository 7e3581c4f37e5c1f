import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GetItem } from '../versions/get-item.ts'
import type { DocumentReadModel } from '../read-model.ts'
import type { Conditions, EncodedItem, Filters, Item, ListRequest, Page } from './definition.ts'
import type { ItemFinder } from './item-finder.ts'
import { encodePageToken } from './page-token.ts'
import type { PastItems } from './past-items.ts'
import { validGet, validList, type ValidList } from './requests.ts'

export type QueryCall = {
  /** When the caller stops waiting, in milliseconds since the epoch. Default: never. */
  deadline?: number
  /** What the protocol found invalid. The response reports it together with the other violations. */
  violations?: readonly FieldViolation[]
}

type GetRequest = { id: string; minVersion?: number | undefined }

/** The queries of one read model, for every protocol. */
export type ReadModelQueries = {
  get: (request: GetRequest, call: QueryCall) => Promise<Item>
  /** Without the cost of decoding what the cache has. */
  getEncoded: (request: GetRequest, call: QueryCall) => Promise<EncodedItem>
  lists: Readonly<Record<string, (request: ListRequest, call: QueryCall) => Promise<Page<Item>>>>
  /** Only if the read model has a history. */
  past?: PastItems | undefined
}

export function readModelQueries(
  { queries: definitions, items }: Pick<DocumentReadModel, 'queries' | 'items'>,
  ports: { getItem: GetItem; finder: Pick<ItemFinder, 'list'>; past?: PastItems | undefined },
): ReadModelQueries {
  const getEncoded = async (request: GetRequest, { deadline = Infinity, violations }: QueryCall) => {
    const { id, minVersion } = validGet(request, violations)
    return ports.getItem({ id, minVersion, deadline })
  }
  return {
    getEncoded,
    past: ports.past,
    get: async (request, call) => {
      const { version, json } = await getEncoded(request, call)
      return items.decode(request.id.toLowerCase(), version, json) as Item
    },
    lists: Object.fromEntries(
      Object.entries(definitions.lists).map(([name, definition]) => [
        name,
        async (request: ListRequest, { deadline = Infinity, violations }: QueryCall) =>
          listItems(
            ports.finder,
            definition.filters,
            validList(name, definition, request, violations),
            deadline,
          ),
      ]),
    ),
  }
}

/** One page of a list. Rejects with the errors of the finder. */
export async function listItems(
  finder: Pick<ItemFinder, 'list'>,
  filters: Filters,
  { filters: values, order, scope, pageSize, after }: ValidList,
  deadline: number,
): Promise<Page<Item>> {
  const conditions = conditionsOf(filters, values)
  if (conditions === undefined) return { items: [], nextPageToken: '' }
  const found = await finder.list({ conditions, order, after, limit: pageSize + 1, deadline })
  const items = found.slice(0, pageSize).map(({ item }) => item)
  const last = found[pageSize - 1]
  if (found.length <= pageSize || last === undefined) return { items, nextPageToken: '' }
  return { items, nextPageToken: encodePageToken({ key: last.key, id: last.item.id }, scope) }
}

/** Undefined if no item can match. */
function conditionsOf(filters: Filters, values: ValidList['filters']): Conditions {
  const conditions: NonNullable<Conditions>[number][] = []
  for (const [name, value] of values) {
    if (value === undefined || value === '') continue
    const filter = filters[name]!
    const found = filter.kind === 'text' ? filter.conditions(String(value)) : filter.conditions(Number(value))
    if (found === undefined) return undefined
    conditions.push(...found)
  }
  return conditions
}
