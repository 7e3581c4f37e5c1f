import type { FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { GetItem } from '../versions/get-item.ts'
import type { ReadModel } from '../read-model.ts'
import type { EncodedItem, Item, ListRequest, Page } from './definition.ts'
import type { ItemFinder } from './item-finder.ts'
import { listItems } from './list-items.ts'
import { validGet, validList } from './requests.ts'

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
}

export function readModelQueries(
  { queries: definitions, items }: Pick<ReadModel, 'queries' | 'items'>,
  ports: { getItem: GetItem; finder: Pick<ItemFinder, 'list'> },
): ReadModelQueries {
  const getEncoded = async (request: GetRequest, { deadline = Infinity, violations }: QueryCall) => {
    const { id, minVersion } = validGet(request, violations)
    return ports.getItem({ id, minVersion, deadline })
  }
  return {
    getEncoded,
    get: async (request, call) => {
      const { version, json } = await getEncoded(request, call)
      return items.decode(request.id.toLowerCase(), version, json) as Item
    },
    lists: Object.fromEntries(
      Object.entries(definitions.lists).map(([name, definition]) => [
        name,
        async (request: ListRequest, { deadline = Infinity, violations }: QueryCall) =>
          listItems(ports.finder, definition, validList(name, definition, request, violations), deadline),
      ]),
    ),
  }
}
