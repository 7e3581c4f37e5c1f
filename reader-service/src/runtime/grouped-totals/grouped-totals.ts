import type { EventMessage } from '@lockstep/contracts/event-contract.ts'
import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { LiveState } from '../projection/versioned-document.ts'
import type { QueryCall } from '../queries/read-model-queries.ts'
import type { QueryPorts, ReadModel, Source, SourceState } from '../read-model.ts'
import { readModelName } from '../rebuild/generations.ts'
import { totalsStore } from './totals-store.ts'
import type { Contribution } from './slots.ts'
import { totalsFinder, type TotalsFinder } from './totals-finder.ts'
import {
  totalsQuery,
  type TotalsDefinition,
  type TotalsRequest,
  type TotalsResponse,
} from './totals-queries.ts'
import { totalsRoute, type TotalsDocs } from './totals-routes.ts'

/** A read model that keeps the count, sum, minimum and maximum of a value in each group of aggregates. */
export type GroupedTotals<
  S extends SourceState,
  M extends EventMessage,
  G extends string,
  I extends string,
> = {
  name: string
  of: Source<S, M>
  /** The group of an aggregate. Pure; annotate its parameter. */
  group: (state: LiveState<S>) => string
  /** A whole number. Pure. */
  value: (state: LiveState<S>) => number
  query: Omit<TotalsDefinition<G>, 'idName'> & { idName: I } & TotalsDocs
  /** Without it, only HTTP has the query. */
  grpc?: (
    service: ReturnType<typeof grpcServices>,
    totals: (request: TotalsRequest<G, I>, call: QueryCall) => Promise<TotalsResponse<G>>,
  ) => GrpcService
}

/** Exact under redelivery, lost and late versions, moves between groups, deletions and rebuilds (ADR 17). */
export function groupedTotals<
  S extends SourceState,
  M extends EventMessage,
  G extends string,
  I extends string,
>({ name, of, group, value, query: definition, grpc }: GroupedTotals<S, M, G, I>): ReadModel {
  const source: Source<Contribution, M> = {
    ...of,
    stateOf(message) {
      const state = of.stateOf(message)
      const { id, version, deleted } = state
      const at = message.occurredAt!
      if (deleted) return { id, version, deleted, at }
      const live = state as LiveState<S>
      return { id, version, deleted, at, share: { group: group(live), value: value(live) } }
    },
  }
  return {
    name: readModelName(name),
    // The compiler has checked the parts against each other; the runtime passes their values only to each other.
    source: source as unknown as ReadModel['source'],
    openStore: totalsStore as unknown as ReadModel['openStore'],
    openFinder: totalsFinder,
    serve(ports) {
      const query = totalsQuery(definition, ports as QueryPorts<TotalsFinder>)
      return {
        routes: (app) => totalsRoute(app, definition, definition, query),
        grpc: (service) => grpc?.(service, query),
      }
    },
  }
}
