import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { missingVersions, newestPerId } from '../domain/newest.ts'
import type { ProjectedEvent } from '../domain/product.ts'
import type { AppliedHints, ProjectedCache, ProjectionMetrics, ProjectionStore, Settlement } from './ports.ts'

/** Brings the read model up to these events. Whatever it rejects with is transient: the batch comes again. */
export type ProjectProducts = (events: readonly ProjectedEvent[]) => Promise<void>

/**
 * The newest event of each id, one bulk write of the model, one round trip to the cache, then a hint to
 * those who wait. An event that repeats or comes late changes nothing; one that comes over a gap carries
 * the whole state and is applied.
 */
export function projectProducts(ports: {
  store: ProjectionStore
  cache: ProjectedCache
  hints: AppliedHints
  metrics: ProjectionMetrics
}): ProjectProducts {
  const { store, cache, hints, metrics } = ports

  async function writeModel(events: readonly ProjectedEvent[]): Promise<Settlement[]> {
    const newest = newestPerId(events)
    const held = await store.versions(newest.map(({ state }) => state.id))
    // The model never goes back, so what it holds already needs no write; the gate decides about the rest.
    const newer = newest.filter(({ state }) => state.version > (held.get(state.id) ?? 0))
    const applied = await store.apply(newer.map(({ state }) => state))
    metrics.projected({
      applied: applied.size,
      superseded: events.length - applied.size,
      missing: missingVersions(events, held),
    })
    for (const { occurredAt, state } of newest) {
      if (applied.has(state.id)) metrics.becameReadable((Date.now() - occurredAt.getTime()) / 1_000)
    }
    return newest.map(({ state }) => ({ state, applied: applied.has(state.id) }))
  }

  async function settle(settlements: readonly Settlement[]): Promise<void> {
    try {
      await cache.settle(settlements)
    } finally {
      // Even when the cache is owed its writes: who waits for a version does not believe an older entry.
      hints.announce(settlements.map(({ state }) => state))
    }
  }

  return async (events) => {
    const written = writeModel(events)
    const settled = written.then(settle)
    await Promise.all([settled, ...events.filter(isTraced).map((event) => traced(event, written, settled))])
  }
}

type TracedEvent = ProjectedEvent & { traceparent: string }

function isTraced(event: ProjectedEvent): event is TracedEvent {
  return event.traceparent !== undefined
}

/** A batch is one piece of work for many traces: each of them shows it as a span of its own. */
async function traced(
  { eventId, state, traceparent }: TracedEvent,
  written: Promise<Settlement[]>,
  settled: Promise<void>,
): Promise<void> {
  const attributes = { 'event.id': eventId, 'product.id': state.id, 'product.version': state.version }
  await withSpan('project product', { kind: 'consumer', parent: traceparent, attributes }, async () => {
    await withSpan('mongo products.bulkWrite', { kind: 'client' }, () => written)
    await settled
  })
}
