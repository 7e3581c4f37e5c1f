import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GetItem } from '../versions/get-item.ts'
import type { DocumentReadModel } from '../read-model.ts'
import type {
  Count,
  EncodedItem,
  FilterRequest,
  Filters,
  Item,
  ListDefinition,
  ListRequest,
  Page,
  TopList,
  TopRequest,
} from './definition.ts'
import type { ItemFinder } from './item-finder.ts'
import { encodePageToken } from './page-token.ts'
import type { PastItems } from './past-items.ts'
import {
  conditionsOf,
  validFilters,
  validGet,
  validList,
  type FilterValues,
  type ValidList,
} from './requests.ts'
import { decodedTop, topList, type EncodedTop, type ReadDocument } from './top-list.ts'

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
  /** By list. */
  counts: Readonly<Record<string, (request: FilterRequest, call: QueryCall) => Promise<Count>>>
  /** By list. */
  tops: Readonly<Record<string, (request: TopRequest, call: QueryCall) => Promise<TopList<Item>>>>
  /** Without the cost of decoding what the cache has. */
  topsEncoded: Readonly<Record<string, (request: TopRequest, call: QueryCall) => Promise<EncodedTop>>>
  /** Only if the read model has a history. */
  past?: PastItems | undefined
}

export function readModelQueries(
  { queries: definitions, items }: Pick<DocumentReadModel, 'queries' | 'items'>,
  ports: {
    getItem: GetItem
    finder: Pick<ItemFinder, 'list' | 'count'>
    document: ReadDocument
    past?: PastItems | undefined
  },
): ReadModelQueries {
  const getEncoded = async (request: GetRequest, { deadline = Infinity, violations }: QueryCall) => {
    const { id, minVersion } = validGet(request, violations)
    return ports.getItem({ id, minVersion, deadline })
  }
  const { lists } = definitions
  const topsEncoded = byList(lists, (definition, name) => {
    const top = topList(name, definition, items, ports.document)
    return (request: TopRequest, { deadline = Infinity, violations }: QueryCall) =>
      top.encoded(request, deadline, violations)
  })
  return {
    getEncoded,
    past: ports.past,
    get: async (request, call) => {
      const { version, json } = await getEncoded(request, call)
      return items.decode(request.id.toLowerCase(), version, json) as Item
    },
    lists: byList(
      lists,
      (definition, name) =>
        async (request: ListRequest, { deadline = Infinity, violations }: QueryCall) =>
          listItems(
            ports.finder,
            definition.filters,
            validList(name, definition, request, violations),
            deadline,
          ),
    ),
    counts: byList(
      lists,
      (definition) =>
        async (request: FilterRequest, { deadline = Infinity, violations }: QueryCall) =>
          countItems(
            ports.finder,
            definition.filters,
            validFilters(definition, request, violations),
            deadline,
          ),
    ),
    topsEncoded,
    tops: byList(
      lists,
      (_, name) => async (request: TopRequest, call: QueryCall) =>
        decodedTop(items, await topsEncoded[name]!(request, call)),
    ),
  }
}

function byList<T>(
  lists: Readonly<Record<string, ListDefinition>>,
  query: (definition: ListDefinition, name: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(lists).map(([name, definition]) => [name, query(definition, name)]),
  )
}

/** Above it a count would cost more than it tells. */
export const MAX_COUNT = 10_000

/** How many items match. It reads at most one more than it reports. */
async function countItems(
  finder: Pick<ItemFinder, 'count'>,
  filters: Filters,
  values: FilterValues,
  deadline: number,
): Promise<Count> {
  const conditions = conditionsOf(filters, values)
  if (conditions === undefined) return { count: 0, exact: true }
  const found = await finder.count({ conditions, limit: MAX_COUNT + 1, deadline })
  return { count: Math.min(found, MAX_COUNT), exact: found <= MAX_COUNT }
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
