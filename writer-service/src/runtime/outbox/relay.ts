import { setTimeout as sleep } from 'node:timers/promises'
import { eventRecord } from '@lockstep/contracts/event-contract.ts'
import { backoff } from '@lockstep/core/async/backoff.ts'
import { wakeUp } from '@lockstep/core/async/wake-up.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import { sendInParts, type Producer } from '@lockstep/core/kafka/producer/producer.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { becomeLeader, type LeaderSession } from './leader-session.ts'
import { notifyRelayLeader } from './notify-relay-leader.ts'
import type { OutboxMetrics } from './outbox-metrics.ts'

const deleteAndRead = sql(import.meta.url, './delete-and-read.sql')

const MAX_EVENTS = 1_000
/** Well under the brokers' usual limit of 1 MiB per request. */
const MAX_BYTES = 512 * 1024
/** Finds events without a signal: those of a writer that died between its commit and its notification. */
const POLL_MS = 1_000
/**
 * Shortest time between two reads while there are events: those that are committed meanwhile travel together. Each turn
 * costs about 3 ms of CPU in writer, Postgres and broker. An event that follows a pause is published at once.
 */
const MIN_TURN_MS = 10
const MAX_BACKOFF_MS = 5_000
/** A send that hangs because the broker is unavailable must not delay the stop; its entries stay in the outbox. */
const STOP_WITHIN_MS = 5_000

type OutboxEntry = {
  position: number
  type: string
  id: string
  event_id: string
  event_type: string
  payload: Buffer
  metadata: { traceparent?: string; tracestate?: string }
  occurred_at: Date
}

export type OutboxRelay = AsyncDisposable & {
  /** Says that something was committed; may be called any number of times. */
  wake: () => void
}

/**
 * Publishes the events in the outbox, in its order, and deletes their entries once all in-sync replicas have them.
 *
 * One relay of all writers is active: an advisory lock selects the leader. Entries are deleted; there is no cursor that
 * moves past them. So transactions that commit late and gaps in the sequence do no harm: a later version of an
 * aggregate is decided only after its earlier version was committed, so the earlier entry is always visible or already
 * published. A leader that dies between the acknowledgement and the delete, or that wakes after it was replaced,
 * repeats events; it never sends a version for the first time before an earlier version that is still missing.
 */
export function startOutboxRelay(options: {
  postgresUrl: string
  producer: Producer
  /** Notifies the leader in another process, on any connection. */
  notify: () => Promise<unknown>
  metrics: OutboxMetrics
  log: Log
}): OutboxRelay {
  const { log, metrics } = options
  const stopping = new AbortController()
  const work = wakeUp()
  const leader = notifyRelayLeader(options.notify, log)
  let leading = false

  const stopped = relayUntilStopped()
  return {
    wake: () => (leading ? work.call() : leader.call()),
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      work.call()
      await withTimeout(stopped, STOP_WITHIN_MS)
      await leader[Symbol.asyncDispose]()
    },
  }

  async function relayUntilStopped(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        await using session = await becomeLeader(options.postgresUrl, work.call, stopping.signal)
        log.info('this writer relays the outbox')
        leading = true
        metrics.leader.set(1)
        failures = 0
        await relayWhileLeading(session)
      } catch (error) {
        if (stopping.signal.aborted) break
        failures++
        log.warn({ err: error, failures }, 'the outbox relay restarts')
      } finally {
        leading = false
        metrics.leader.set(0)
      }
      await sleep(backoff(failures, MAX_BACKOFF_MS), undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  /**
   * Ends when the process stops, and rejects if the lock or the broker is lost. Each turn is one round trip to Postgres
   * and one to the broker. The next entries cannot be read during a send: of two sends in flight, the later one can
   * arrive first.
   */
  async function relayWhileLeading(session: LeaderSession): Promise<void> {
    let acknowledged: number[] = []
    while (!session.lost.aborted) {
      const started = performance.now()
      const entries = await session.query<OutboxEntry>(deleteAndRead, [acknowledged, MAX_EVENTS, MAX_BYTES])
      acknowledged = []
      if (stopping.signal.aborted) return
      if (entries.length === 0) {
        await work.wait(POLL_MS)
        continue
      }
      await publish(entries)
      acknowledged = entries.map(({ position }) => position)
      const earlyMs = started + MIN_TURN_MS - performance.now()
      if (earlyMs >= 1) await sleep(earlyMs)
    }
    throw new Error('the connection with the relay lock was lost')
  }

  async function publish(entries: readonly OutboxEntry[]): Promise<void> {
    const end = metrics.publishDuration.startTimer()
    await withSpan('outbox.publish', { kind: 'producer', attributes: { events: entries.length } }, () =>
      sendInParts(options.producer, entries.map(recordOf)),
    )
    end()
    for (const [aggregate, events] of Map.groupBy(entries, ({ type }) => type)) {
      metrics.published.inc({ aggregate }, events.length)
    }
  }
}

function recordOf(entry: OutboxEntry) {
  return eventRecord({
    aggregate: entry.type,
    id: entry.id,
    eventId: entry.event_id,
    type: entry.event_type,
    occurredAt: entry.occurred_at,
    payload: entry.payload,
    traceparent: entry.metadata.traceparent,
    tracestate: entry.metadata.tracestate,
  })
}
