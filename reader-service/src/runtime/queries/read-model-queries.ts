import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GetItem } from '../versions/get-item.ts'
import type { Item, ListRequest, Page, QueryDefinitions } from './definition.ts'
import type { ItemFinder } from './item-finder.ts'
import { listItems } from './list-items.ts'
import { validGet, validList } from './requests.ts'

export type QueryCall = {
  /** When the caller stops waiting, in milliseconds since the epoch. Default: never. */
  deadline?: number
  /** What the protocol found invalid. The response reports it together with the other violations. */
  violations?: readonly FieldViolation[]
}

/** The queries of one read model, for every protocol. */
export type ReadModelQueries = {
  get: (request: { id: string; minVersion?: number | undefined }, call: QueryCall) => Promise<Item>
  lists: Readonly<Record<string, (request: ListRequest, call: QueryCall) => Promise<Page<Item>>>>
}

export function readModelQueries(
  definitions: Pick<QueryDefinitions, 'lists'>,
  ports: { getItem: GetItem; finder: Pick<ItemFinder, 'list'> },
): ReadModelQueries {
  return {
    get: async (request, { deadline = Infinity, violations }) =>
      ports.getItem({ ...validGet(request, violations), deadline }),
    lists: Object.fromEntries(
      Object.entries(definitions.lists).map(([name, definition]) => [
        name,
        async (request: ListRequest, { deadline = Infinity, violations }: QueryCall) =>
          listItems(ports.finder, definition, validList(name, definition, request, violations), deadline),
      ]),
    ),
  }
}
