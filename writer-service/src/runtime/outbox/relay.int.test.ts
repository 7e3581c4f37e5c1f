import { randomUUID } from 'node:crypto'
import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { connectProducer, type Producer } from '@lockstep/core/kafka/producer/producer.ts'
import type { OutgoingRecord } from '@lockstep/core/kafka/client/record.ts'
import { ensureTopics } from '@lockstep/core/kafka/admin/topics.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { withSpan } from '@lockstep/core/telemetry/tracing.ts'
import { Client, type PoolClient } from 'pg'
import { Registry } from 'prom-client'
import { beforeAll, expect, inject, it } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import type { PendingCommit } from '../commands/ports.ts'
import { postgresEventStore } from '../event-store/postgres-event-store.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { callWith, executeOn, pendingCommit } from '../testing/test-writer.ts'
import { sessionSettings } from './leader-session.ts'
import { outboxMetrics } from './outbox-metrics.ts'
import { startOutboxRelay } from './relay.ts'

const tryRelayLock = sql(import.meta.url, './try-relay-lock.sql')
const deleteAndRead = sql(import.meta.url, './delete-and-read.sql')
const log = createLog({ service: 'test', level: 'silent' })
const kafka = { brokers: inject('kafkaBrokers'), clientId: 'relay-test' }

beforeAll(async () => {
  await ensureTopics(kafka, log, topicSpecs({ aggregates: ['product'], groups: [] }), 1)
})

/** A database of its own, a real producer that records what was acknowledged, and relays to start. */
async function setup() {
  await using scope = new AsyncDisposableStack()
  const url = await migratedDatabase(inject('postgresUrl'))
  const { pool } = scope.use(
    connectPostgres({ url, poolSize: 5, applicationName: 'test', log, metrics: new Registry() }),
  )
  const real = scope.use(connectProducer(kafka, log))
  const acknowledged: OutgoingRecord[] = []
  let sends = 0
  const failing = { afterAck: 0, hold: Promise.resolve() }
  const producer: Producer = {
    async send(records) {
      sends++
      await failing.hold
      await real.send(records)
      acknowledged.push(...records)
      if (failing.afterAck-- > 0) throw new Error('the response of the broker was lost')
    },
    [Symbol.asyncDispose]: async () => {},
  }
  const kept = scope.move()
  return {
    url,
    pool,
    store: postgresEventStore(pool),
    failing,
    sends: () => sends,
    headers: () => acknowledged.map(({ headers }) => headers),
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
      const published = async () => (await metrics.published.get()).values
      const leads = async () => (await metrics.leader.get()).values[0]?.value === 1
      return Object.assign(relay, { leads, published })
    },
    /** Waits for the relay's lock on a connection of its own; a waiting session gets it before one that polls. */
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

const details = { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 }
const creation = () => pendingCommit(productAggregate, { id: randomUUID() }, [{ type: 'create', details }])

/** The creation of a product and the given number of updates. */
function history(updates: number): PendingCommit[] {
  const commits = [creation()]
  for (let n = 0; n < updates; n++) {
    const update = { type: 'update', changes: { priceCents: 1000 + n } }
    commits.push(pendingCommit(productAggregate, commits.at(-1)!.next, [update]))
  }
  return commits
}

const idsOf = (commits: readonly PendingCommit[]) =>
  commits.flatMap(({ events }) => events.map(({ eventId }) => eventId))

it('publishes the trace of the command and its state', async () => {
  await using play = await setup()
  const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
  const tracestate = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
  const requested = { id: undefined, expectedVersion: undefined, command: { type: 'create', details } }
  const create = () => executeOn(play.pool)(productAggregate, requested, callWith())
  await withSpan('request', { parent, tracestate }, create)
  await create()
  await using _ = play.relay()
  await expect.poll(play.outbox).toEqual([])
  const [traced, other] = play.headers()
  expect(traced).toMatchObject({ traceparent: parent, tracestate })
  expect(other).not.toHaveProperty('tracestate')
})

it('publishes in the order of the commits and empties the outbox', async () => {
  await using play = await setup()
  const commits = history(20)
  for (const commit of commits) await play.store.commit([commit])
  await using relay = play.relay()
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf(commits))
  expect(await relay.published()).toMatchObject([{ labels: { aggregate: 'product' }, value: 21 }])
})

it('an entry that is committed after later entries were published is published', async () => {
  await using play = await setup()
  const [late, early] = [creation(), creation()]
  const slow = await play.pool.connect()
  await slow.query('begin')
  await postgresEventStore({ connect: async () => unreleased(slow), query: play.pool.query }).commit([late])
  await play.store.commit([early])

  await using _relay = play.relay()
  await expect.poll(play.eventIds).toEqual(idsOf([early]))
  await slow.query('commit')
  slow.release()
  await expect.poll(play.eventIds).toEqual(idsOf([early, late]))
})

/** A connection that the store releases without ending its transaction. */
const unreleased = (client: PoolClient) =>
  new Proxy(client, { get: (target, key) => (key === 'release' ? () => {} : Reflect.get(target, key)) })

it('events are repeated in order, and none is lost, when the response of the broker is lost', async () => {
  await using play = await setup()
  const commits = history(5)
  for (const commit of commits) await play.store.commit([commit])
  play.failing.afterAck = 2
  await using _relay = play.relay()
  await expect.poll(play.outbox).toEqual([])
  const ids = idsOf(commits)
  expect(play.eventIds()).toEqual([...ids, ...ids, ...ids])
})

it('one relay is active at a time; when it ends, the other takes over', async () => {
  await using play = await setup()
  await using first = play.relay()
  await expect.poll(first.leads).toBe(true)
  await using second = play.relay()
  const commits = history(3)
  for (const commit of commits) await play.store.commit([commit])
  second.wake()
  await expect.poll(play.outbox).toEqual([])
  expect(await second.leads()).toBe(false)

  await first[Symbol.asyncDispose]()
  await expect.poll(second.leads).toBe(true)
  const more = creation()
  await play.store.commit([more])
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf([...commits, more]))
})

it('a relay whose connection is lost loses its lock and restarts', async () => {
  await using play = await setup()
  await using relay = play.relay()
  await expect.poll(relay.leads).toBe(true)
  const { taken, release } = await play.queueForLock()
  await play.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'lockstep-relay' and datname = current_database()`,
  )
  await taken
  await expect.poll(relay.leads).toBe(false)

  const commit = creation()
  await play.store.commit([commit])
  await release()
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds()).toEqual(idsOf([commit]))
})

it('events that are committed during a send are sent together, and one alone is sent at once', async () => {
  await using play = await setup()
  await using relay = play.relay()
  await expect.poll(relay.leads).toBe(true)
  const commits = Array.from({ length: 200 }, creation)
  const acknowledged = Promise.withResolvers<void>()
  play.failing.hold = acknowledged.promise
  for (const [index, commit] of commits.entries()) {
    await play.store.commit([commit])
    relay.wake()
    if (index === 0) await expect.poll(play.sends).toBe(1)
  }
  acknowledged.resolve()
  await expect.poll(play.outbox).toEqual([])
  expect(play.eventIds().toSorted()).toEqual(idsOf(commits).toSorted())
  expect(play.sends()).toBe(2)

  const waits: number[] = []
  for (let alone = 0; alone < 3; alone++) {
    const commit = creation()
    const from = performance.now()
    await play.store.commit([commit])
    relay.wake()
    await expect.poll(play.eventIds, { interval: 1 }).toContain(idsOf([commit])[0])
    waits.push(performance.now() - from)
  }
  // The poll of the relay would take 1 s. What other programs do only adds.
  expect(Math.min(...waits)).toBeLessThan(500)
})

it('its statement uses the indexes on a new database, and after a plan was made while the outbox was empty', async () => {
  await using play = await setup()
  const client = new Client({ connectionString: play.url })
  await client.connect()
  const plan = async () => {
    const { rows } = await client.query(`explain (costs off) execute turn ('{1}', 1000, 524288)`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  await client.query(sessionSettings)
  await client.query(`set plan_cache_mode = force_generic_plan`)
  await client.query(`prepare turn (bigint[], int, bigint) as ${deleteAndRead.text}`)
  const onNewDatabase = await plan()
  await client.query('vacuum analyze outbox')
  const plans = [onNewDatabase, await plan()]
  await client.end()
  for (const each of plans) {
    expect(each).toMatch(/Index Scan using outbox_pkey[^]*Index Scan using events_pkey/)
    expect(each).not.toContain('Seq Scan')
  }
})
