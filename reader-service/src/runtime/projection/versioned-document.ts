import type { z } from '@hono/zod-openapi'
import type { EventMessage } from '@lockstep/contracts/event-contract.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type {
  Filters,
  GetDefinition,
  ListDefinition,
  Queries,
  QueryDefinitions,
} from '../queries/definition.ts'
import type { ItemFinder } from '../queries/item-finder.ts'
import { queryRoutes } from '../inbound/http-routes.ts'
import { summaryRoutes } from '../inbound/summary-routes.ts'
import { readModelQueries } from '../queries/read-model-queries.ts'
import type { DocumentReadModel, QueryPorts, Source, SourceState } from '../read-model.ts'
import { readModelName } from '../rebuild/generations.ts'
import { documentFinder } from './document-finder.ts'
import { documentItems } from './document-items.ts'
import { documentStore, type DocumentFields, type Index } from './document-store.ts'

/** The state of an aggregate that is not deleted. */
export type LiveState<S extends SourceState> = Exclude<S, { readonly deleted: true }>

/** The JSON form of a field: a Date is RFC 3339 text, every other value is unchanged. */
type JsonSchema<T> = [T] extends [Date] ? z.ZodISODateTime : z.ZodType<T>

type SortableField<D> = { [K in keyof D]: D[K] extends Date | number | string ? K : never }[keyof D] & string

/**
 * A read model that keeps one document per aggregate: `{_id, version, deleted, ...document(state)}`, or the tombstone
 * `{_id, version, deleted: true}`. Queries return the fields that `fields` names.
 */
export type VersionedDocument<
  S extends SourceState,
  M extends EventMessage,
  D extends object,
  K extends string,
  L extends Readonly<Record<string, Filters>>,
> = {
  name: string
  source: Source<S, M>
  /** Pure; annotate its parameter. Its values are texts, numbers, booleans, Dates, and arrays and objects without Dates. */
  document: (state: LiveState<S>) => D
  indexes: readonly Index[]
  schema: string
  fields: { readonly [P in K]: P extends keyof D ? JsonSchema<D[P]> : never }
  tag: string
  get: GetDefinition
  lists: { readonly [N in keyof L]: ListDefinition<L[N], SortableField<NoInfer<D>>> }
  grpc: (service: ReturnType<typeof grpcServices>, queries: Queries<Pick<D, K & keyof D>, L>) => GrpcService
}

export function versionedDocument<
  S extends SourceState,
  M extends EventMessage,
  D extends object,
  K extends string,
  L extends Readonly<Record<string, Filters>>,
>(definition: VersionedDocument<S, M, D, K, L>): DocumentReadModel {
  const { name, source, indexes, schema, fields, tag, get, lists, grpc } = definition
  // The compiler has checked the parts against each other. From here on their types are erased: the runtime passes
  // what one of these functions returns only to the others of the same read model.
  const document = builtOnce(definition.document as unknown as DocumentFields)
  const items = documentItems(document, fields)
  const definitions = { schema, fields, tag, get, lists, grpc } as unknown as QueryDefinitions
  return {
    name: readModelName(name),
    source: source as unknown as DocumentReadModel['source'],
    items,
    openStore: documentStore(document, indexes),
    openFinder: documentFinder(items),
    queries: definitions,
    serve(ports) {
      const { read, getItem, document: readDocument, past } = ports as QueryPorts<ItemFinder>
      const list: ItemFinder['list'] = (query) => read((finder) => finder.list(query))
      const count: ItemFinder['count'] = (query) => read((finder) => finder.count(query))
      const queries = readModelQueries(
        { queries: definitions, items },
        { getItem: getItem(get.noun), finder: { list, count }, document: readDocument, past },
      )
      return {
        routes: (app) => {
          // First, because the path with an id matches their paths too.
          summaryRoutes(app, definitions, queries)
          queryRoutes(app, { queries: definitions, items }, queries)
        },
        grpc: (service) => definitions.grpc(service, queries),
      }
    },
  }
}

/** The store and the cache need the document of the same state, and to build it can be expensive (the words of a text). */
function builtOnce(build: DocumentFields): DocumentFields {
  const documents = new WeakMap<SourceState, ReturnType<DocumentFields>>()
  return (state) => {
    const built = documents.get(state) ?? build(state)
    documents.set(state, built)
    return built
  }
}
