import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { connectProducer, type Producer } from '@lockstep/core/kafka/producer/producer.ts'
import type { OutgoingRecord } from '@lockstep/core/kafka/client/record.ts'
import { ensureTopics } from '@lockstep/core/kafka/admin/topics.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { PoolClient } from 'pg'
import { Registry } from 'prom-client'
import { beforeAll, expect, inject, it } from 'vitest'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { creation, pending } from '../../../testing/products.ts'
import type { PendingCommit } from '../../app/ports.ts'
import { postgresProductStore } from '../postgres/product-store.ts'
import { outboxMetrics } from './outbox-metrics.ts'
import { startOutboxRelay } from './relay.ts'

const tryRelayLock = sql(import.meta.url, './try-relay-lock.sql')
const log = createLog({ service: 'test', level: 'silent' })
const kafka = { brokers: inject('kafkaBrokers'), clientId: 'relay-test' }

beforeAll(async () => {
  await ensureTopics(kafka, log, topicSpecs({ aggregates: ['product'], groups: [] }), 1)
})

/** A database of its own, a real producer that remembers what was acknowledged, and relays to start. */
async function playground() {
  await using scope = new AsyncDisposableStack()
  const url = await migratedDatabase(inject('postgresUrl'))
  const { pool } = scope.use(
    connectPostgres({ url, poolSize: 5, applicationName: 'test', log, metrics: new Registry() }),
  )
  const real = scope.use(connectProducer(kafka, log))
  const acknowledged: OutgoingRecord[] = []
  const failing = { afterAck: 0 }
  const producer: Producer = {
    async send(records) {
      await real.send(records)
      acknowledged.push(...records)
      if (failing.afterAck-- > 0) throw new Error('the answer of the broker was lost')
    },
    [Symbol.asyncDispose]: async () => {},
  }
  const kept = scope.move()
  return {
    pool,
    store: postgresProductStore(pool),
    failing,
    eventIds: () => acknowledged.map((record) => record.headers?.['ce_id']),
    outbox: async () => (await pool.query('select version from outbox order by position')).rows,
    relay() {
      const metrics = outboxMetrics(pool, new Registry())
      const relay = startOutboxRelay({
        postgresUrl: url,
        producer,
        notify: () => pool.query('notify lockstep_outbox'),
        metrics,
        log,
      })
      return Object.assign(relay, { holds: async () => (await metrics.holder.get()).values[0]?.value === 1 })
    },
    /** Waits for the relay's lock on a connection of its own; who is in the queue gets it before one that polls. */
    async queueForLock() {
      const client = await pool.connect()
      const taken = client.query(tryRelayLock.text.replace('pg_try_advisory_lock', 'pg_advisory_lock'))
      const waiting = `select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`
      await expect.poll(async () => (await pool.query(waiting)).rowCount).toBe(1)
      return { taken, release: async () => client.release(true) }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** A product's creation and so many updates of it. */
function history(updates: number): PendingCommit[] {
  const commits = [creation()]
  for (let n = 0; n < updates; n++) {
    const state = commits.at(-1)!.next
    commits.push(pending(state, { type: 'update', id: state.id, changes: { priceCents: 1000 + n } }))
  }
  return commits
}

const idsOf = (commits: readonly PendingCommit[]) => commits.map(({ event }) => event.id)

it('publishes in the order of the commits and empties the outbox', async () => {
  await using play = await playground()
  const commits = history(20)
  for (const commit of commits) await play.store.commit([commit])
  await using _relay = play.relay()
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf(commits))
})

it('an entry that is committed after later ones were published is not passed over', async () => {
  await using play = await playground()
  const [late, early] = [creation(), creation()]
  const slow = await play.pool.connect()
  await slow.query('begin')
  await postgresProductStore({ connect: async () => unreleased(slow), query: play.pool.query }).commit([late])
  await play.store.commit([early])

  await using _relay = play.relay()
  await expect.poll(play.eventIds).toEqual(idsOf([early]))
  await slow.query('commit')
  slow.release()
  await expect.poll(play.eventIds).toEqual(idsOf([early, late]))
})

/** A connection that the store hands back without ending its transaction. */
const unreleased = (client: PoolClient) =>
  new Proxy(client, { get: (target, key) => (key === 'release' ? () => {} : Reflect.get(target, key)) })

it('when the answer of the broker is lost, events are repeated in order, and none is lost', async () => {
  await using play = await playground()
  const commits = history(5)
  for (const commit of commits) await play.store.commit([commit])
  play.failing.afterAck = 2
  await using _relay = play.relay()
  await expect.poll(play.outbox).toEqual([])
  const ids = idsOf(commits)
  expect(play.eventIds()).toEqual([...ids, ...ids, ...ids])
})

it('one relay works at a time; when it ends, the other takes over', async () => {
  await using play = await playground()
  await using first = play.relay()
  await expect.poll(first.holds).toBe(true)
  await using second = play.relay()
  const commits = history(3)
  for (const commit of commits) await play.store.commit([commit])
  second.wake()
  await expect.poll(play.outbox).toEqual([])
  expect(await second.holds()).toBe(false)

  await first[Symbol.asyncDispose]()
  await expect.poll(second.holds).toBe(true)
  const more = creation()
  await play.store.commit([more])
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf([...commits, more]))
})

it('a relay whose connection is lost gives up its lock and starts again', async () => {
  await using play = await playground()
  await using relay = play.relay()
  await expect.poll(relay.holds).toBe(true)
  const { taken, release } = await play.queueForLock()
  await play.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'lockstep-relay' and datname = current_database()`,
  )
  await taken
  await expect.poll(relay.holds).toBe(false)

  const commit = creation()
  await play.store.commit([commit])
  await release()
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf([commit]))
})
