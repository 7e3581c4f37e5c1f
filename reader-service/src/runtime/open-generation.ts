import type { KafkaSettings } from '@lockstep/core/kafka/client/client.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import type { Registry } from 'prom-client'
import type { readerSettings } from '../config.ts'
import { noCache, openCache, type CacheConnections, type GenerationCache } from './open-cache.ts'
import { startProjection } from './projection/consume-events.ts'
import { projectEvents, type GatedState } from './projection/project-events.ts'
import type { ItemFinder } from './queries/item-finder.ts'
import type { ReadModel, ReadModelStore, SourceState, VersionFinder } from './read-model.ts'
import type { ReadModelMetrics } from './reader-metrics.ts'
import { generationNames } from './rebuild/generations.ts'

/** One generation of a read model. It consumes the source topic until it is disposed of. */
export type OpenGeneration = AsyncDisposable & {
  number: number
  store: ReadModelStore
  finder: VersionFinder
  cache: GenerationCache
}

export type Connections = CacheConnections & { kafka: KafkaSettings }

/** The store, cache and projection of a generation, on the connections of the service. */
export function openGeneration(options: {
  context: ServiceContext<typeof readerSettings>
  connections: Connections
  readModel: ReadModel
  number: number
  onStored: (states: readonly GatedState[]) => void
  notify: (states: readonly SourceState[]) => void
  metrics: ReadModelMetrics
  registry: Registry
}): OpenGeneration {
  const { context, connections, readModel, number, onStored, notify, metrics, registry } = options
  const { config, log, fail } = context
  const { mongo, kafka } = connections
  const { name, items } = readModel
  const { collection, group } = generationNames(name, number)
  const scope = new AsyncDisposableStack()

  const store = readModel.openStore(mongo.db, collection)
  const finder = readModel.openFinder(mongo.db, collection, { timeoutMs: config.READER_QUERY_TIMEOUT_MS })
  const parts = { context, connections, scope, readModel: name, collection, metrics }
  // A read model with items has the finder of items.
  const cache = items ? openCache({ ...parts, items, finder: finder as ItemFinder }) : noCache
  const project = projectEvents({ readModel: name, store, cache: cache.projected, onStored, notify, metrics })
  const projection = scope.use(startProjection({ kafka, log, registry, group, readModel, project }))
  void projection.failed.then(fail)

  return { number, store, finder, cache, [Symbol.asyncDispose]: () => scope.disposeAsync() }
}
