import { sql } from '@lockstep/core/postgres/sql.ts'
import { durationBuckets } from '@lockstep/core/telemetry/metrics.ts'
import type { Pool } from 'pg'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const measureOutbox = sql(import.meta.url, './measure-outbox.sql')

export type OutboxMetrics = ReturnType<typeof outboxMetrics>

/** Metrics of the outbox. Its depth and age are measured at each scrape; they are absent while Postgres is unavailable. */
export function outboxMetrics(pool: Pool, registry: Registry) {
  const registers = [registry]
  const age = new Gauge({
    name: 'outbox_oldest_entry_age_seconds',
    help: 'How long the oldest entry of the outbox has waited to be published',
    registers,
  })
  new Gauge({
    name: 'outbox_entries',
    help: 'Entries of the outbox that wait to be published, counted up to 100000',
    registers,
    async collect() {
      try {
        const { rows } = await pool.query<{ entries: number; age_seconds: number }>(measureOutbox)
        this.set(rows[0]?.entries ?? 0)
        age.set(rows[0]?.age_seconds ?? 0)
      } catch {
        this.remove()
        age.remove()
      }
    },
  })
  return {
    leader: new Gauge({
      name: 'outbox_relay_holder',
      help: '1 in the writer whose relay is the leader',
      registers,
    }),
    published: new Counter({
      name: 'outbox_published_events_total',
      help: 'Events that the broker acknowledged, repeats included',
      labelNames: ['aggregate'],
      registers,
    }),
    publishDuration: new Histogram({
      name: 'outbox_publish_duration_seconds',
      help: 'Time until all in-sync replicas have acknowledged one batch of events',
      buckets: durationBuckets,
      registers,
    }),
  }
}
