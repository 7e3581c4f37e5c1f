import { setTimeout as sleep } from 'node:timers/promises'
import { productEventRecord } from '@lockstep/contracts/product-event-codec.ts'
import { sendInParts, type Producer } from '@lockstep/core/kafka/producer/producer.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { notifyRelay } from './notify-relay.ts'
import type { OutboxMetrics } from './outbox-metrics.ts'
import { holdRelayLock, type RelaySession } from './relay-session.ts'
import { wakeUp } from '@lockstep/core/async/wake-up.ts'

const readOutbox = sql(import.meta.url, './read-outbox.sql')
const deletePublished = sql(import.meta.url, './delete-published.sql')

const MAX_EVENTS = 1_000
/** Well under the brokers' usual limit of 1 MiB a request. */
const MAX_BYTES = 512 * 1024
/** Finds what no signal told of: entries of a writer that died between its commit and its notification. */
const POLL_MS = 1_000
const MAX_BACKOFF_MS = 5_000
/** A send that hangs because the broker is away must not hold the process; its entries stay in the outbox. */
const STOP_WITHIN_MS = 5_000

type OutboxEntry = {
  position: number
  product_id: string
  event_id: string
  type: string
  payload: Buffer
  metadata: { traceparent?: string }
  occurred_at: Date
}

export type OutboxRelay = AsyncDisposable & {
  /** Says that something was committed; may be called as often as one likes. */
  wake: () => void
}

/**
 * Publishes what stands in the outbox, in its order, and deletes it once every in-sync replica has it.
 *
 * Of all writers one relays at a time: the holder of an advisory lock. Entries are deleted, not passed by a
 * cursor, so transactions that commit late and gaps in the sequence do no harm: a product's later version is only
 * decided after its earlier one was committed, so the earlier one is always visible or already published. A
 * holder that dies between the acknowledgement and the delete, or wakes after it was replaced, repeats events;
 * it never sends a version first that comes after one that is still missing.
 */
export function startOutboxRelay(options: {
  postgresUrl: string
  producer: Producer
  /** Runs a statement on any connection; tells the holder in another process. */
  notify: () => Promise<unknown>
  metrics: OutboxMetrics
  log: Log
}): OutboxRelay {
  const { log, metrics } = options
  const stopping = new AbortController()
  const work = wakeUp()
  const others = notifyRelay(options.notify, log)
  let holding = false

  const stopped = relayUntilStopped()
  return {
    wake: () => (holding ? work.call() : others.call()),
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      work.call()
      await Promise.race([stopped, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
      await others[Symbol.asyncDispose]()
    },
  }

  async function relayUntilStopped(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      try {
        await using session = await holdRelayLock(options.postgresUrl, work.call, stopping.signal)
        log.info('this writer relays the outbox')
        holding = true
        metrics.holder.set(1)
        failures = 0
        await relayWhileHeld(session)
      } catch (error) {
        if (stopping.signal.aborted) break
        failures++
        log.warn({ err: error, failures }, 'the outbox relay starts again')
      } finally {
        holding = false
        metrics.holder.set(0)
      }
      const pause = Math.random() * Math.min(100 * 2 ** failures, MAX_BACKOFF_MS)
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  /** Ends when the process stops and rejects when the lock or the broker is lost. */
  async function relayWhileHeld(session: RelaySession): Promise<void> {
    while (!session.lost.aborted) {
      const published = await relayBatch(session)
      if (stopping.signal.aborted) return
      if (published === 0) await work.wait(POLL_MS)
    }
    throw new Error('the connection that holds the relay lock was lost')
  }

  async function relayBatch(session: RelaySession): Promise<number> {
    const entries = await session.query<OutboxEntry>(readOutbox, [MAX_EVENTS, MAX_BYTES])
    if (entries.length === 0) return 0
    const end = metrics.publishDuration.startTimer()
    await withSpan('outbox.publish', { kind: 'producer', attributes: { events: entries.length } }, () =>
      sendInParts(options.producer, entries.map(recordOf)),
    )
    end()
    metrics.published.inc(entries.length)
    await session.query(deletePublished, [entries.map((entry) => entry.position)])
    return entries.length
  }
}

function recordOf(entry: OutboxEntry) {
  return productEventRecord({
    eventId: entry.event_id,
    productId: entry.product_id,
    type: entry.type,
    occurredAt: entry.occurred_at,
    payload: entry.payload,
    traceparent: entry.metadata.traceparent,
  })
}
