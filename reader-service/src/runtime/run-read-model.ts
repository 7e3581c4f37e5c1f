import { eventFields } from '@lockstep/contracts/event-fields.ts'
import { eventsTopic, projectionGroup, retryTopic } from '@lockstep/contracts/topics.ts'
import type { ConcurrencyLimit } from '@lockstep/core/async/limit-concurrency.ts'
import type { GroupOffsets } from '@lockstep/core/kafka/admin/group-offsets.ts'
import type { ServiceContext } from '@lockstep/core/lifecycle/start-service.ts'
import type { Redis } from 'ioredis'
import type { Registry } from 'prom-client'
import type { readerSettings } from '../config.ts'
import { auditReadModel, type Audit } from './audit/audit.ts'
import { measuredAudit, type AuditMetrics } from './audit/measured-audit.ts'
import { mongoCacheEpoch } from './cache/cache-epoch.ts'
import { openGeneration, type Connections, type OpenGeneration } from './open-generation.ts'
import { arrivalsOf } from './projection/arrivals.ts'
import type { GatedState } from './projection/project-events.ts'
import type { ItemFinder } from './queries/item-finder.ts'
import type { LoadItem } from './queries/load-item.ts'
import type { QueryPorts, ReadModel, SourceState } from './read-model.ts'
import type { ReaderMetrics } from './reader-metrics.ts'
import { generationNames } from './rebuild/generations.ts'
import type { connectWriterStates } from './rebuild/grpc-writer-states.ts'
import { kafkaGenerationGroups } from './rebuild/kafka-generation-groups.ts'
import { mongoGenerationRegistry } from './rebuild/mongo-generation-registry.ts'
import { rebuildOperations, type RebuildOperations } from './rebuild/rebuild-operations.ts'
import { startRebuildWorker } from './rebuild/rebuild-worker.ts'
import { readFromActive, runGenerations } from './rebuild/running-generations.ts'
import { noCache } from './open-cache.ts'
import { auditRestored } from './snapshots/audit-restored.ts'
import { mongoSnapshotDocuments } from './snapshots/mongo-snapshot-documents.ts'
import { restoreSnapshot, type RestoreSnapshot } from './snapshots/restore-snapshot.ts'
import { saveSnapshot, type SaveSnapshot } from './snapshots/save-snapshot.ts'
import { getItem } from './versions/get-item.ts'
import { servedVersions } from './versions/served-versions.ts'
import { publishVersions, subscribeToVersions } from './versions/redis-version-notifications.ts'
import { versionNotifications } from './versions/version-notifications.ts'
import { waitForVersion } from './versions/wait-for-version.ts'

/** What all read models of the process share. */
export type ReaderParts = {
  context: ServiceContext<typeof readerSettings>
  connections: Connections & {
    subscriber: Redis
    offsets: GroupOffsets
    writer: ReturnType<typeof connectWriterStates>
  }
  /** Identifies this process in the claims of rebuilds. */
  replica: string
  /** Limits the queries that wait for a version. */
  waits: ConcurrencyLimit
  metrics: ReaderMetrics & AuditMetrics
  registry: Registry
}

export type RunningReadModel = AsyncDisposable & {
  readModel: ReadModel
  ports: QueryPorts
  operations: RebuildOperations
  audit: Audit
  snapshots: { save: SaveSnapshot; restore: RestoreSnapshot }
  /** Throws `unavailable` until the active generation is known. */
  active: () => OpenGeneration
}

/** Runs one read model: its generations, its queries, and what operators do with it. */
export function runReadModel(parts: ReaderParts, readModel: ReadModel): RunningReadModel {
  const { context, connections, replica, waits, registry } = parts
  const { config, log } = context
  const { mongo, cacheOfProjection, subscriber, offsets, writer } = connections
  const { name, source } = readModel
  const metrics = parts.metrics.of(name)
  const scope = new AsyncDisposableStack()

  // The active generation is known once the registry was read, below.
  const active = () => generations.active()
  const read: QueryPorts['read'] = (query) => readFromActive(active, ({ finder }) => query(finder))
  const served = servedVersions(config.READER_REMEMBERED_IDS)
  const notifications = versionNotifications({ versions: (ids) => read((finder) => finder.versions(ids)) })
  subscribeToVersions(subscriber, name, notifications.notify)
  const publish = publishVersions(cacheOfProjection, name)
  const notify = (states: readonly SourceState[]) => {
    states.forEach(notifications.notify)
    publish(states)
  }
  /** Queries read the active generation only. */
  const passToQueries = (generation: number, states: readonly GatedState[]) => {
    const { items } = readModel
    if (items && generations.isActive(generation)) arrivalsOf(items, states).forEach(notifications.notify)
  }

  const generationRegistry = mongoGenerationRegistry(mongo.db, name)
  const generations = scope.use(
    runGenerations({
      readModel: name,
      registry: generationRegistry,
      open: (number) =>
        openGeneration({
          context,
          connections,
          readModel,
          number,
          onStored: (states) => passToQueries(number, states),
          notify,
          metrics,
          registry,
        }),
      onActive: metrics.activeGeneration,
      onCorrected: served.clear,
      log,
    }),
  )

  const { contract } = source
  const { aggregate } = contract
  const stateOf = (event: Uint8Array) => source.stateOf(contract.decode(event))
  const states =
    readModel.builtFrom === 'events'
      ? writer.eventsOf({ aggregate, stateOf })
      : writer.statesOf({ aggregate, stateOf })
  const groups = kafkaGenerationGroups({
    offsets,
    readModel: name,
    topics: [eventsTopic(aggregate), retryTopic(projectionGroup(name))],
  })
  const storeOf = (generation: number) => {
    const { collection } = generationNames(name, generation)
    const store = readModel.openStore(mongo.db, collection)
    const drop = async () => {
      await store.drop()
      await mongoCacheEpoch(mongo.db, collection).drop()
    }
    return { ...store, drop }
  }
  const auditOf = (compared: Parameters<typeof auditReadModel>[0]['active']) =>
    auditReadModel({ active: compared, writer: states, registry: generationRegistry })
  const shared = { readModel: name, registry: generationRegistry, groups, log }
  const rebuild = {
    ...shared,
    storeOf,
    writer: states,
    audit(number: number, onPage: () => Promise<void>) {
      const restored = { number, store: storeOf(number).audited, cache: noCache.audited }
      return auditRestored(
        auditOf(() => restored),
        onPage,
      )
    },
  }
  scope.use(startRebuildWorker(rebuild, replica))
  const operations = rebuildOperations({ ...shared, count: () => active().store.audited.count() })
  const snapshotPorts = {
    ...shared,
    documentsOf: (number: number) =>
      mongoSnapshotDocuments(mongo.db, generationNames(name, number).collection, storeOf(number).collections),
    contract: () => eventFields(contract),
    prepare: (number: number) => storeOf(number).prepare(),
    operations,
  }

  const audit = auditOf(() => {
    const { number, store, cache } = active()
    return { number, store: store.audited, cache: cache.audited }
  })

  const maxWaitMs = config.READER_MIN_VERSION_WAIT_MS
  const wait = waitForVersion({ notifications, waits, maxWaitMs, metrics })
  const load: LoadItem = (id, floor, epoch) =>
    readFromActive(active, ({ cache }) => cache.load(id, floor, epoch))

  return {
    readModel,
    active,
    ports: {
      read,
      wait,
      getItem: (noun) => getItem({ noun, load, served, wait }),
      // A read model with a cache has the finder of items.
      document: (documentName, make) =>
        readFromActive(active, ({ cache, finder }) =>
          cache.document(documentName, (madeAt) => make(finder as ItemFinder, madeAt)),
        ),
    },
    operations,
    audit: measuredAudit(name, audit, parts.metrics),
    snapshots: { save: saveSnapshot(snapshotPorts), restore: restoreSnapshot(snapshotPorts) },
    [Symbol.asyncDispose]: () => scope.disposeAsync(),
  }
}
