import type { z } from '@hono/zod-openapi'
import type { GrpcCall, grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { Document, Filter as MongoFilter } from 'mongodb'

/**
 * The queries of a read model, as its slice defines them: one by id, and lists, each with a closed set of filters
 * and of sorts. HTTP routes with their OpenAPI text and gRPC methods are derived from this, with one validation for both.
 */
export type QueryDefinitions = {
  /** The schema of an item in OpenAPI documents, for example `Product`. */
  schema: string
  /** The public fields with their JSON form. A field with the schema `z.iso.datetime` is a Date in documents. */
  fields: Readonly<Record<string, z.ZodType>>
  /** Groups the routes in OpenAPI documents. */
  tag: string
  get: GetDefinition
  lists: Readonly<Record<string, ListDefinition>>
  /** Calls `service` with the generated service definition, and handlers that call `queries`. */
  grpc: (service: ReturnType<typeof grpcServices>, queries: Queries) => GrpcService
}

/** What queries read of one id: the public fields of a document, or a tombstone. */
export type Item<F extends object = object> = {
  readonly id: string
  readonly version: number
  readonly deleted: false
} & Readonly<F>

/** The rest of a deleted document. Its version keeps a late older event from restoring the document. */
export type Tombstone = { readonly id: string; readonly version: number; readonly deleted: true }

export type StoredItem<F extends object = object> = Item<F> | Tombstone

/** An item as the cache has it: `json` is the body of an HTTP response, and empty for a tombstone. */
export type EncodedItem = { readonly version: number; readonly json: string }

/** `GET <path>` with `minVersion`, ETag and 304. */
export type GetDefinition = {
  /** With `{id}`, for example `/api/v1/products/{id}`. */
  path: string
  operationId: string
  summary: string
  /** The subject of the texts: "There is no product 1234". */
  noun: string
}

/** `GET <path>` with the filters, `sort`, `pageSize` and `pageToken`. Its key in `lists` is its operation id. */
export type ListDefinition<F extends Filters = Filters, By extends string = string> = {
  path: string
  summary: string
  description: string
  filters: F
  /** The orders that a caller may choose, by the name that `sort` has. `-` before it chooses the reverse. */
  sorts: Readonly<Record<string, SortDefinition<keyof F & string, By>>>
  /** For example `-createdAt`. */
  defaultSort: string
  /** A query for how many items match the filters. */
  count?: { path: string; operationId: string; summary: string }
  top?: TopDefinition<F, By>
}

/** `GET <path>?by=&limit=`: the highest items, as a small document that is kept in the cache. */
type TopDefinition<F extends Filters = Filters, By extends string = string> = {
  path: string
  operationId: string
  summary: string
  /** Those of the list that it takes: each combination of values is a document. */
  filters: readonly (keyof F & string)[]
  /** What `by` may name; the highest come first. Each has an index, as a sort has. */
  by: Readonly<Record<string, SortDefinition<never, By>>>
  defaultBy: string
}

type Direction = 'ascending' | 'descending'

/**
 * The items by one field, then by id. An index has to end with both, after the fields of the filters. It serves both
 * directions, because one is the exact reverse of the other, also in the order of the ids.
 */
type SortDefinition<F extends string = string, By extends string = string> = {
  /** A field of every document: a Date, a whole number, or a text, which is compared by its code points. */
  by: By
  /** The direction of the field in the index, in which the ids ascend. Default: ascending. */
  index?: Direction
  /** Filters for which no index returns a page in this order: their combination is refused. */
  notWith?: readonly F[]
}

/** One direction of a sort, as the store reads it. */
export type ItemOrder = { readonly by: string; readonly direction: Direction; readonly ids: Direction }

/** What a sort compares. */
export type SortKey = Date | number | string

/** By parameter name. The same names in HTTP and gRPC. */
export type Filters = Readonly<Record<string, TextFilter | NumberFilter>>

/** Every condition must match. Undefined: no document can match. */
export type Conditions = readonly MongoFilter<Document>[] | undefined

/** An empty text applies no filter. */
export type TextFilter = {
  kind: 'text'
  /** Only for the OpenAPI document. */
  schema: z.ZodType
  /** What is wrong with a text that is not empty: "must be a slug". Empty if the text is valid. */
  problems: (text: string) => readonly string[]
  conditions: (text: string) => Conditions
}

/** A whole number; if it is unset, it applies no filter. */
export type NumberFilter = {
  kind: 'number'
  min: number
  /** Default: the largest safe integer. */
  max?: number
  description: string
  example: number
  conditions: (value: number) => Conditions
}

type NamesOf<F extends Filters, Kind> = { [K in keyof F]: F[K] extends Kind ? K : never }[keyof F]

/** The filters of a list, as a caller gives them; not yet validated. */
export type FilterRequest<F extends Filters = Filters> = {
  [K in NamesOf<F, TextFilter>]: string
} & {
  [K in NamesOf<F, NumberFilter>]?: number | undefined
}

/** The parameters of a list. */
export type ListRequest<F extends Filters = Filters> = FilterRequest<F> & {
  /** Empty for the default. */
  sort: string
  pageSize?: number | undefined
  /** Empty for the first page. */
  pageToken: string
}

export type Page<I> = {
  items: I[]
  /** Empty on the last page. */
  nextPageToken: string
}

/** The parameters of a top list: its filters, of which an absent one does not apply. */
export type TopRequest<F extends Filters = Filters> = Partial<FilterRequest<F>> & {
  /** Empty for the default. */
  by: string
  limit?: number | undefined
}

/** Exact up to 10,000; above that `count` is 10,000. */
export type Count = { count: number; exact: boolean }

export type TopList<I> = {
  items: I[]
  /** The items are the highest of this moment or of a later one. */
  madeAt: Date
  ageMs: number
  /** `cached` if another query made the document. */
  document: 'made' | 'cached'
}

/**
 * The queries of one read model. They validate their requests: they reject with `invalid`, `not_found` (also for a
 * deleted id), `read_model_behind`, `overloaded`, `unavailable` or `deadline_exceeded`.
 */
export type Queries<F extends object = object, L = Readonly<Record<string, Filters>>> = {
  get: (
    request: { id: string; minVersion?: number | undefined },
    call: Pick<GrpcCall, 'deadline'>,
  ) => Promise<Item<F>>
  lists: {
    [N in keyof L]: L[N] extends Filters
      ? (request: ListRequest<L[N]>, call: Pick<GrpcCall, 'deadline'>) => Promise<Page<Item<F>>>
      : never
  }
  /** By list. */
  counts: {
    [N in keyof L]: L[N] extends Filters
      ? (request: FilterRequest<L[N]>, call: Pick<GrpcCall, 'deadline'>) => Promise<Count>
      : never
  }
  /** By list, of those that declare one. */
  tops: {
    [N in keyof L]: L[N] extends Filters
      ? (request: TopRequest<L[N]>, call: Pick<GrpcCall, 'deadline'>) => Promise<TopList<Item<F>>>
      : never
  }
}
