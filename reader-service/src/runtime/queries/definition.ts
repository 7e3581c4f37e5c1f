import type { z } from '@hono/zod-openapi'
import type { GrpcCall, grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { Document, Filter as MongoFilter } from 'mongodb'

/**
 * The queries of a read model, as its slice defines them: one by id, and lists with a closed set of filters and one
 * order each. HTTP routes with their OpenAPI text and gRPC methods are derived from this, with one validation for both.
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

/** `GET <path>` with the filters, `pageSize` and `pageToken`. Its key in `lists` is its operation id. */
export type ListDefinition<F extends Filters = Filters, By extends string = string> = {
  path: string
  summary: string
  description: string
  filters: F
  /** The order of the items; then by id ascending. The field is a Date or a whole number, and part of an item. */
  order: { by: By; direction: 'ascending' | 'descending' }
}

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

/** The parameters of a list, as a caller gives them; not yet validated. */
export type ListRequest<F extends Filters = Filters> = {
  [K in NamesOf<F, TextFilter>]: string
} & {
  [K in NamesOf<F, NumberFilter>]?: number | undefined
} & {
  pageSize?: number | undefined
  /** Empty for the first page. */
  pageToken: string
}

export type Page<I> = {
  items: I[]
  /** Empty on the last page. */
  nextPageToken: string
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
}
