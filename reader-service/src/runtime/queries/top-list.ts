import { AppError, type FieldViolation } from '@lockstep/core/errors/app-error.ts'
import type { Items } from '../read-model.ts'
import type { Item, ListDefinition, TopList, TopRequest } from './definition.ts'
import type { ItemFinder, ListedItem } from './item-finder.ts'
import type { LoadedDocument } from './load-document.ts'
import { conditionsOf, validTop, type ValidTop } from './requests.ts'

/**
 * A top list is a small document: the JSON of a response with the highest items. A query takes it from the cache, or
 * makes it from the store (ADR 19).
 */
export type EncodedTop = { json: string; ageMs: number; document: TopList<never>['document'] }

/** Reads a document of the active generation, or makes it of that generation's store. */
export type ReadDocument = (
  name: string,
  make: (finder: Pick<ItemFinder, 'list'>, madeAt: Date) => Promise<string>,
) => Promise<LoadedDocument>

/** How often a list is read that has an item twice each time, which is rare: a read takes a millisecond. */
const ATTEMPTS = 5

export function topList(list: string, definition: ListDefinition, items: Items, document: ReadDocument) {
  return {
    async encoded(
      request: TopRequest,
      deadline: number,
      violations?: readonly FieldViolation[],
    ): Promise<EncodedTop> {
      const valid = validTop(definition, request, violations)
      const { filters, by, limit } = valid
      const name = `top:${JSON.stringify([list, by, limit, ...filters.values()])}`
      return document(name, async (finder, madeAt) => {
        const highest = await readHighest(finder, definition, valid, deadline)
        return `{"items":[${highest.map(items.encode).join(',')}],"madeAt":${JSON.stringify(madeAt)}}`
      })
    },
  }
}

export function decodedTop(items: Items, { json, ...rest }: EncodedTop): TopList<Item> {
  const { items: encoded, madeAt } = JSON.parse(json) as {
    items: { id: string; version: number }[]
    madeAt: string
  }
  return {
    ...rest,
    madeAt: new Date(madeAt),
    items: encoded.map((item) => items.decode(item.id, item.version, JSON.stringify(item)) as Item),
  }
}

async function readHighest(
  finder: Pick<ItemFinder, 'list'>,
  { filters }: ListDefinition,
  { filters: values, order, limit }: ValidTop,
  deadline: number,
): Promise<Item[]> {
  const conditions = conditionsOf(filters, values)
  if (conditions === undefined) return []
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await finder.list({ conditions, order, after: undefined, limit, deadline })
    if (hasEachOnce(found)) return found.map(({ item }) => item)
  }
  throw new AppError('unavailable', 'The list changes while it is read')
}

/** Without snapshots (ADR 19), an item that moves during the read may be in its old place and in the new one. */
function hasEachOnce(found: readonly ListedItem[]): boolean {
  return new Set(found.map(({ item }) => item.id)).size === found.length
}
