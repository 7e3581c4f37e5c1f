import type { grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { DocumentReadModel, QueryPorts, ReadModel } from '../read-model.ts'
import { readModelName } from '../rebuild/generations.ts'
import { entrySource } from './entry.ts'
import { historyFinder, type HistoryFinder } from './history-finder.ts'
import { historyQuery, pastItems, type HistoryQuery } from './history-queries.ts'
import { historyRoute } from './history-routes.ts'
import { historyStore } from './history-store.ts'

/**
 * The history of a read model: `GET <its path>/history`, and `asOfVersion` and `asOf` for its queries by id. An entry has
 * the public fields as they were when it was written; after a change of them, rebuild the history (ADR 18).
 */
export function history({
  name,
  of,
  grpc,
}: {
  name: string
  of: DocumentReadModel
  grpc?: (service: ReturnType<typeof grpcServices>, list: HistoryQuery) => GrpcService
}): ReadModel {
  const { items, queries } = of
  const parts = (ports: QueryPorts) => ({
    noun: queries.get.noun,
    items,
    ports: ports as QueryPorts<HistoryFinder>,
  })
  return {
    name: readModelName(name),
    source: entrySource(of.source),
    builtFrom: 'events',
    openStore: historyStore(items) as unknown as ReadModel['openStore'],
    openFinder: historyFinder(items),
    past: { of: of.name, open: (ports) => pastItems(parts(ports)) },
    serve(ports) {
      const query = historyQuery(parts(ports))
      return {
        routes: (app) => historyRoute(app, queries, query),
        grpc: (service) => grpc?.(service, query),
      }
    },
  }
}
