import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { sql } from '@lockstep/core/postgres/sql.ts'
import { startResultExpiry } from './result-expiry.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { callWith, connectWriter, executeOn, pendingCommit } from '../testing/test-writer.ts'

/* What is true of the tables themselves; aggregateSuite() tests the commit on each slice. */

const create = { type: 'create', details: { name: 'Tea', description: '', category: 'tea', priceCents: 1 } }
const update = { type: 'update', changes: { name: 'Coffee' } }
const creation = () => pendingCommit(productAggregate, { id: randomUUID() }, [create])

let url: string
let writer: ReturnType<typeof connectWriter>
beforeAll(async () => {
  url = await migratedDatabase(inject('postgresUrl'))
  writer = connectWriter(url)
})
afterAll(() => writer[Symbol.asyncDispose]())

const request = (id: string | undefined, command: typeof create | typeof update) => ({
  id,
  expectedVersion: undefined,
  command,
})

test('the events cannot be changed', async () => {
  await writer.store.commit([creation()])
  for (const change of ['delete from events', `update events set event_type = ''`, 'truncate events']) {
    await expect(writer.pool.query(change)).rejects.toThrow('append-only')
  }
})

test('an error of the writer itself is not reported as a lost connection', async () => {
  const state: Record<string, unknown> = {}
  state['self'] = state
  const commit = creation()
  const broken = writer.store.commit([{ ...commit, next: { ...commit.next, state } }])
  await expect(broken).rejects.toThrow(TypeError)
})

test('a value that Postgres rejects fails its own command, and no other command of the batch', async () => {
  const execute = executeOn(writer.pool)
  const names = ['Tea', 'nul \u0000', 'Coffee']
  const results = await Promise.allSettled(
    names.map((name) => {
      const command = { ...create, details: { ...create.details, name } }
      return execute(productAggregate, request(undefined, command), callWith())
    }),
  )
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: { code: '22P05' } })
})

test('ids are unique within a type: two aggregates of different types may have the same id', async () => {
  const product = creation()
  const other = { ...creation(), next: { ...product.next, type: 'other' } }
  expect(await writer.store.commit([product, other])).toEqual(['committed', 'committed'])
  const keys = [product.next, other.next]
  expect((await writer.store.load(keys)).map(({ type }) => type).toSorted()).toEqual(['other', 'product'])
})

test('a refusal is returned even if the connection is lost while it is stored', async () => {
  const execute = executeOn(writer.pool)
  const blocker = await writer.pool.connect()
  await blocker.query('begin; lock table command_results in exclusive mode')
  const refused = execute(productAggregate, request(randomUUID(), update), callWith(randomUUID())).catch(
    (error: unknown) => error,
  )
  const endWaiting = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  await expect.poll(async () => (await writer.pool.query(endWaiting)).rowCount).toBe(1)
  await blocker.query('rollback')
  blocker.release()
  expect(await refused).toMatchObject({ code: 'not_found' })
})

test('stored results are deleted when their time is over, and no sooner', async () => {
  const execute = executeOn(writer.pool)
  const [old, young] = [randomUUID(), randomUUID()]
  const { id } = await execute(productAggregate, request(undefined, create), callWith(old))
  await execute(productAggregate, request(undefined, create), callWith(young))
  // More than one batch of them.
  await writer.pool.query(
    `insert into command_results select gen_random_uuid(), '', '{}', now() - interval '2 days' from generate_series(1, 1200)`,
  )
  await writer.pool.query(
    `update command_results set created_at = now() - interval '25 hours' where idempotency_key = $1`,
    [old],
  )
  const log = createLog({ service: 'test', level: 'silent' })
  await using _expiry = startResultExpiry({ pool: writer.pool, retentionMs: 86_400_000, log })
  await expect
    .poll(async () => {
      const past = `select from command_results where created_at < now() - interval '1 day'`
      return (await writer.pool.query(past)).rowCount
    })
    .toBe(0)
  expect((await execute(productAggregate, request(undefined, create), callWith(old))).id).not.toBe(id)
  const { rowCount } = await writer.pool.query('select from command_results where idempotency_key = $1', [
    young,
  ])
  expect(rowCount).toBe(1)
})

const folders = ['../event-store/', '../outbox/', '../operators/']
const statements = folders.flatMap((folder) =>
  readdirSync(new URL(folder, import.meta.url))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => ({ name, statement: sql(import.meta.url, `${folder}${name}`) })),
)
/** They count a table up to a limit, are not prepared, or read no table. */
const exempt = new Set([
  'count-events.sql',
  'delete-expired-results.sql',
  'end-backend.sql',
  'try-relay-lock.sql',
])

describe('a plan that was cached while the tables were empty', () => {
  let empty: ReturnType<typeof connectWriter>
  beforeAll(async () => {
    empty = connectWriter(await migratedDatabase(inject('postgresUrl')))
  })
  afterAll(() => empty[Symbol.asyncDispose]())

  test.each(statements.filter(({ name }) => !exempt.has(name)))(
    'of $name scans no table that grows',
    async ({ statement }) => {
      const client = await empty.pool.connect()
      await client.query('set plan_cache_mode = force_generic_plan')
      await client.query(`prepare subject as ${statement.text}`)
      const { rows: parameters } = await client.query<{ count: number }>(
        `select cardinality(parameter_types) as count from pg_prepared_statements where name = 'subject'`,
      )
      const nulls = Array.from({ length: parameters[0]!.count }, () => 'null').join(', ')
      const execute = nulls === '' ? 'execute subject' : `execute subject (${nulls})`
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${execute}`)
      client.release(true)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      expect(plan).not.toMatch(/Seq Scan on (aggregates|events|command_results)/)
    },
  )
})
