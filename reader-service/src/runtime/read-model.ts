import type { EventContract, EventMessage } from '@lockstep/contracts/event-contract.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { HttpApp } from '@lockstep/core/http/app.ts'
import type { Db } from 'mongodb'
import type { QueryDefinitions, StoredItem } from './queries/definition.ts'
import type { ItemFinder } from './queries/item-finder.ts'
import type { PastItems } from './queries/past-items.ts'
import type { ReadDocument } from './queries/top-list.ts'
import type { GetItem } from './versions/get-item.ts'
import type { WaitForVersion } from './versions/wait-for-version.ts'

/**
 * A read model is a plain value: the events that it is built from, how a batch of them is applied, and its queries. The
 * runtime provides the rest for every read model, by name: consumption, dead letters, version waits, generations,
 * rebuilds, audits and repairs.
 *
 * A kind of read model makes this value from a definition. A slice calls it and adds the result to `read-models.ts`:
 * - `versionedDocument` (projection/versioned-document.ts): one document per aggregate, with a cache, queries by id,
 *   sorted lists, counts and top lists;
 * - `groupedTotals` (grouped-totals/grouped-totals.ts): count, sum, minimum and maximum of a value by group;
 * - `history` (history/history.ts): the state after each event, and what it changed.
 */
export type ReadModel = {
  /** Names the collections of its generations, the group `<name>-projection` and the metric label. */
  name: string
  source: Source<SourceState, EventMessage>
  openStore: OpenStore
  /** Opens one generation's store for queries; each of them takes at most about `timeoutMs`. */
  openFinder: (db: Db, collection: string, limits: { timeoutMs: number }) => VersionFinder
  /** What a rebuild copies and an audit compares: the writer's states (the default), or all of its events. */
  builtFrom?: 'states' | 'events'
  /** Only if queries read its states by id through the cache. */
  items?: Items
  /** Only of a history: what it adds to the queries of another read model. */
  past?: { of: string; open: (ports: QueryPorts) => PastItems }
  serve: (ports: QueryPorts) => ServedQueries
}

/** The store as a version wait polls it. Rejects with `unavailable`. */
export type VersionFinder = Pick<ItemFinder, 'versions'>

/** What the runtime provides for the queries of one read model. */
export type QueryPorts<F extends VersionFinder = VersionFinder> = {
  /** Reads the active generation, and again if another one became active in the meantime. */
  read: <T>(query: (finder: F) => Promise<T>) => Promise<T>
  wait: WaitForVersion
  /** Reads items by id through the cache, if the read model has `items`. */
  getItem: (noun: string) => GetItem
  /** Reads documents that are made of many items, if the read model has `items`. */
  document: ReadDocument
  /** From the history of this read model, if there is one. */
  past?: PastItems | undefined
}

/** The queries of one read model in both protocols. */
export type ServedQueries = {
  /** Adds its routes, with their OpenAPI text. */
  routes: (app: HttpApp) => void
  /** Undefined if only HTTP has its queries. */
  grpc: (service: ReturnType<typeof grpcServices>) => GrpcService | undefined
}

/** What `versionedDocument` returns. Its routes and its gRPC methods are derived from `queries`. */
export type DocumentReadModel = Omit<ReadModel, 'items' | 'openFinder'> & {
  items: Items
  openFinder: (db: Db, collection: string, limits: { timeoutMs: number }) => ItemFinder
  queries: QueryDefinitions
}

/** How states and stored documents become items, and items become texts of the cache. Pure. */
export type Items = {
  /** The public fields, in the order in which responses list them. */
  fields: readonly string[]
  ofState: (state: SourceState) => StoredItem
  ofDocument: (document: { _id: string; version: number; deleted: boolean }) => StoredItem
  /** The id, the version and the public fields as JSON; empty for a tombstone. The same item always has the same text. */
  encode: (item: StoredItem) => string
  /** The inverse of `encode`. Throws a SyntaxError for any other text. */
  decode: (id: string, version: number, json: string) => StoredItem
}

/** The state of one aggregate after an event, as the slice decodes it. Immutable, and complete in itself. */
export type SourceState = { readonly id: string; readonly version: number; readonly deleted: boolean }

/** An event of the source topic. It carries the whole state, so one event is sufficient to be correct. */
export type SourceEvent<S extends SourceState = SourceState> = {
  readonly eventId: string
  readonly occurredAt: Date
  /** W3C trace context of the command that caused the event. */
  readonly traceparent?: string
  readonly tracestate?: string
  readonly state: S
}

/** Where a read model's states come from: the topic of one aggregate, and for rebuilds the writer's states. */
export type Source<S extends SourceState, M extends EventMessage> = {
  contract: EventContract<M>
  /** The state after the event. The runtime has checked the fields of `EventMessage`, the id and the key before. */
  stateOf: (message: M) => S
  /** Why the event breaks a rule of the slice, so that it can never be applied; undefined if it does not. */
  invariant?: (message: M) => string | undefined
}

/**
 * The part that each kind of read model implements: how a batch is applied, what a rebuild prepares and drops, and what
 * an audit compares.
 */
export type ReadModelStore<S extends SourceState = SourceState> = {
  /** What follows the name of the generation in the names of its collections; '' is the first one. */
  collections: readonly string[]
  /** The versions that the store has of these ids, tombstones included; an unknown id is absent. */
  versions: (ids: readonly string[]) => Promise<Map<string, number>>
  /**
   * Applies each state whose version is higher than the stored one; at most one state per id. Returns the applied ids
   * with the version that each replaced, 0 for none. The others are superseded: the store has that version or a later
   * one. What it throws is transient.
   *
   * `expected` is the version that the store probably has of an id. If it is right, one write is sufficient; if it is
   * not, the result is the same and takes longer. Default: the version before that of the state.
   */
  apply: (states: readonly S[], expected?: (state: S) => number) => Promise<Map<string, number>>
  /** Creates what the store needs, such as its indexes. May be repeated. */
  prepare: () => Promise<void>
  /** Deletes all of its data. May be repeated. */
  drop: () => Promise<void>
  audited: AuditedStore<S>
}

/** What a store has of one id, and how it differs from the expected state. */
export type StoredEntry<S extends SourceState = SourceState> = {
  id: string
  version: number
  /** The fields whose values differ from those of `expected`, which has the same version. */
  differences: (expected: S) => string[]
}

/** A store as an audit reads and repairs it. Rejects with `unavailable`. */
export type AuditedStore<S extends SourceState = SourceState> = {
  /** In the order of ids. */
  list: (after: string | undefined, limit: number) => Promise<StoredEntry<S>[]>
  find: (ids: readonly string[]) => Promise<Map<string, StoredEntry<S>>>
  /** About how many ids it has. */
  count: () => Promise<number>
  /** Writes the state if the store has no version of it, or an older one. */
  advance: (expected: S) => Promise<boolean>
  /** Replaces the entry with the expected state if it still has the version that was read. */
  replace: (readVersion: number, expected: S) => Promise<boolean>
  /** Removes the entry if it still has the version that was read. */
  remove: (id: string, readVersion: number) => Promise<boolean>
}

/** A cache as an audit reads and repairs it. Rejects with `unavailable`. */
export type AuditedCache<S extends SourceState = SourceState> = {
  /** Undefined while the cache is closed: queries do not use it then. */
  find: (ids: readonly string[]) => Promise<Map<string, StoredEntry<S>> | undefined>
  /** Removes the entry, and ends the lease on it. */
  remove: (id: string) => Promise<void>
}

/** Opens one generation's store; `collection` is unique to the read model and the generation. */
export type OpenStore<S extends SourceState = SourceState> = (db: Db, collection: string) => ReadModelStore<S>
