import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { ReadModelStore, SourceEvent, SourceState } from '../read-model.ts'

/** A state after the version gate: applied, or superseded by the version that the store has. */
export type GatedState = { state: SourceState; applied: boolean }

/** The cache as the projection uses it. */
export type ProjectedCache = {
  /**
   * Called after the write of the store. Resolves when no query will get an entry that is older than these states;
   * rejects while that is not certain: then the call must be repeated.
   */
  update: (states: readonly GatedState[]) => Promise<void>
}

export type ProjectionMetrics = {
  projected: (counts: { applied: number; superseded: number; missing: number }) => void
  /** From the time at which an event occurred until queries can read it. */
  becameReadable: (seconds: number) => void
}

/**
 * Applies events to the read model. Every error is transient: the events are redelivered, with a higher number of the
 * attempt, which starts at 1. Calls for different ids may overlap.
 */
export type ProjectEvents = (events: readonly SourceEvent[], attempt: number) => Promise<void>

/**
 * Takes the newest event of each id, then writes the store and the cache in one round trip each, and notifies the
 * waiting queries. A repeated or late event changes nothing. An event after a gap is applied: it has the whole state.
 */
export function projectEvents(ports: {
  readModel: string
  store: Pick<ReadModelStore, 'versions' | 'apply'>
  cache: ProjectedCache
  /** Passes the states that the store has now to the queries of this process that wait for them. */
  onStored: (states: readonly GatedState[]) => void
  /** Notifies the queries of every replica. A notification can be lost. */
  notify: (states: readonly SourceState[]) => void
  metrics: ProjectionMetrics
}): ProjectEvents {
  const { readModel, store, cache, onStored, notify, metrics } = ports

  async function writeStore(events: readonly SourceEvent[], attempt: number): Promise<GatedState[]> {
    const byId = eventsById(events)
    const newest = [...byId.values()].map((ofId) => ofId.newest)
    // An earlier attempt may have written some of them. A stored version never decreases, so those need no write.
    const before = attempt > 1 ? await store.versions([...byId.keys()]) : precedingVersions(byId)
    const expected = ({ id }: SourceState) => before.get(id) ?? 0
    const newer = newest.map(({ state }) => state).filter((state) => state.version > expected(state))
    const applied = await store.apply(newer, expected)
    metrics.projected({
      applied: applied.size,
      superseded: events.length - applied.size,
      missing: missingVersions(byId, applied),
    })
    const now = Date.now()
    for (const { occurredAt, state } of newest) {
      if (applied.has(state.id)) metrics.becameReadable((now - occurredAt.getTime()) / 1_000)
    }
    const gated = newest.map(({ state }) => ({ state, applied: applied.has(state.id) }))
    onStored(gated)
    return gated
  }

  async function updateCache(states: readonly GatedState[]): Promise<void> {
    try {
      await cache.update(states)
    } finally {
      // Also if the cache write failed: a query that waits for a version does not accept an older entry.
      notify(states.map(({ state }) => state))
    }
  }

  return async (events, attempt) => {
    const written = writeStore(events, attempt)
    const done = written.then(updateCache)
    const traces = events.filter(isTraced).map((event) => traced(readModel, event, written, done))
    await Promise.all([done, ...traces])
  }
}

/** What a batch has of one id. */
type EventsOfId = { newest: SourceEvent; versions: number[] }

/** The newest event of each id, of two with the same version the first; and all versions. The ids keep their order. */
export function eventsById(events: readonly SourceEvent[]): Map<string, EventsOfId> {
  const byId = new Map<string, EventsOfId>()
  for (const event of events) {
    const { id, version } = event.state
    const known = byId.get(id)
    if (!known) byId.set(id, { newest: event, versions: [version] })
    else {
      known.versions.push(version)
      if (version > known.newest.state.version) known.newest = event
    }
  }
  return byId
}

/** In the topic the versions of an id have no gaps: the store probably has the one before the lowest of the batch. */
function precedingVersions(byId: ReadonlyMap<string, EventsOfId>): Map<string, number> {
  return new Map([...byId].map(([id, { versions }]) => [id, Math.min(...versions) - 1]))
}

/**
 * The number of versions that did not arrive: for each applied id, the versions between the one that was replaced (0
 * for none) and the newest of the batch that are not in the batch.
 */
export function missingVersions(
  byId: ReadonlyMap<string, EventsOfId>,
  replaced: ReadonlyMap<string, number>,
): number {
  let missing = 0
  for (const [id, before] of replaced) {
    const { newest, versions } = byId.get(id)!
    if (newest.state.version === before + 1) continue
    const arrived = new Set(versions.filter((version) => version > before))
    missing += newest.state.version - before - arrived.size
  }
  return missing
}

type TracedEvent = SourceEvent & { traceparent: string }

function isTraced(event: SourceEvent): event is TracedEvent {
  return event.traceparent !== undefined
}

/** A batch is one piece of work for many traces: each of them gets its own spans. */
async function traced(
  readModel: string,
  { eventId, state, traceparent, tracestate }: TracedEvent,
  written: Promise<GatedState[]>,
  done: Promise<void>,
): Promise<void> {
  const attributes = {
    'event.id': eventId,
    'aggregate.id': state.id,
    'aggregate.version': state.version,
  }
  const options = { kind: 'consumer', parent: traceparent, tracestate, attributes } as const
  await withSpan(`project ${readModel}`, options, async () => {
    await withSpan(`mongo ${readModel}.bulkWrite`, { kind: 'client' }, () => written)
    await done
  })
}
