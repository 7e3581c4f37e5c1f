import type { QueryPorts, ReadModel, ServedQueries } from './read-model.ts'

/** The queries of all read models. A history adds the items of the past to those of the read model that it is of. */
export function serveReadModels(
  all: readonly { readModel: ReadModel; ports: QueryPorts }[],
): ServedQueries[] {
  const pasts = new Map(all.map(({ readModel: { past }, ports }) => [past?.of, past?.open(ports)]))
  return all.map(({ readModel, ports }) => readModel.serve({ ...ports, past: pasts.get(readModel.name) }))
}
