import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import type { ReadModelStore, SourceEvent, SourceState } from '../read-model.ts'
import { missingVersions, newestPerId } from './newest.ts'

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

/** Applies a batch of events to the read model. Every error is transient: the batch is redelivered. */
export type ProjectEvents = (events: readonly SourceEvent[]) => Promise<void>

/**
 * Takes the newest event of each id, then writes the store once, updates the cache in one round trip and notifies the
 * waiting queries. A repeated or late event changes nothing. An event after a gap is applied: it has the whole state.
 */
export function projectEvents(ports: {
  readModel: string
  store: Pick<ReadModelStore, 'versions' | 'apply'>
  cache: ProjectedCache
  /** Notifies the queries of every replica. A notification can be lost. */
  notify: (states: readonly SourceState[]) => void
  metrics: ProjectionMetrics
}): ProjectEvents {
  const { readModel, store, cache, notify, metrics } = ports

  async function writeStore(events: readonly SourceEvent[]): Promise<GatedState[]> {
    const newest = newestPerId(events)
    const stored = await store.versions(newest.map(({ state }) => state.id))
    // A stored version never decreases, so states at or below it need no write. The gate decides about the others.
    const newer = newest.filter(({ state }) => state.version > (stored.get(state.id) ?? 0))
    const applied = await store.apply(newer.map(({ state }) => state))
    metrics.projected({
      applied: applied.size,
      superseded: events.length - applied.size,
      missing: missingVersions(events, stored),
    })
    for (const { occurredAt, state } of newest) {
      if (applied.has(state.id)) metrics.becameReadable((Date.now() - occurredAt.getTime()) / 1_000)
    }
    return newest.map(({ state }) => ({ state, applied: applied.has(state.id) }))
  }

  async function updateCache(states: readonly GatedState[]): Promise<void> {
    try {
      await cache.update(states)
    } finally {
      // Also if the cache write failed: a query that waits for a version does not accept an older entry.
      notify(states.map(({ state }) => state))
    }
  }

  return async (events) => {
    const written = writeStore(events)
    const done = written.then(updateCache)
    const traces = events.filter(isTraced).map((event) => traced(readModel, event, written, done))
    await Promise.all([done, ...traces])
  }
}

type TracedEvent = SourceEvent & { traceparent: string }

function isTraced(event: SourceEvent): event is TracedEvent {
  return event.traceparent !== undefined
}

/** A batch is one piece of work for many traces: each of them gets its own spans. */
async function traced(
  readModel: string,
  { eventId, state, traceparent }: TracedEvent,
  written: Promise<GatedState[]>,
  done: Promise<void>,
): Promise<void> {
  const attributes = {
    'event.id': eventId,
    'aggregate.id': state.id,
    'aggregate.version': state.version,
  }
  await withSpan(`project ${readModel}`, { kind: 'consumer', parent: traceparent, attributes }, async () => {
    await withSpan(`mongo ${readModel}.bulkWrite`, { kind: 'client' }, () => written)
    await done
  })
}
