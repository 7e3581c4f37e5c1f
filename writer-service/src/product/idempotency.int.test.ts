import { randomUUID } from 'node:crypto'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import type { Pool } from 'pg'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { executeOn } from '../testing/product-commands.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { callWith, tea } from '../testing/products.ts'
import type { ExecuteCommand } from './app/execute-command.ts'
import { postgresProductStore } from './outbound/postgres/product-store.ts'
import { startResultExpiry } from './outbound/postgres/result-expiry.ts'

/* Two writers, as two processes would be, on one database. */

const log = createLog({ service: 'test', level: 'silent' })
const scope = new AsyncDisposableStack()
let writers: ExecuteCommand[]
let pool: Pool

function connect() {
  return scope.use(
    connectPostgres({ url, poolSize: 10, applicationName: 'test', log, metrics: new Registry() }),
  ).pool
}

let url: string
beforeAll(async () => {
  url = await migratedDatabase(inject('postgresUrl'))
  pool = connect()
  writers = [executeOn(pool), executeOn(connect())]
})
afterAll(() => scope.disposeAsync())

const create = (writer: number, key?: string, id?: string) =>
  writers[writer % 2]!({ type: 'create', id, details: tea }, callWith(key))
const rename = (writer: number, id: string, name: string, key?: string) =>
  writers[writer % 2]!({ type: 'update', id, changes: { name } }, callWith(key))

async function events(id: string): Promise<number> {
  const { rowCount } = await pool.query('select from product_events where product_id = $1', [id])
  return rowCount ?? 0
}

test('a create without an id that is repeated, in both writers at once, makes one product', async () => {
  for (let round = 0; round < 20; round++) {
    const key = randomUUID()
    const results = await Promise.all(Array.from({ length: 8 }, (_, n) => create(n, key)))
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
    expect(await events(results[0]!.id)).toBe(1)
  }
  const { rows } = await pool.query('select count(*) as products from products')
  expect(rows).toEqual([{ products: 20 }])
})

test('a refusal whose storing was cut off is told all the same', async () => {
  const holder = await pool.connect()
  await holder.query('begin; lock table command_results in exclusive mode')
  const refused = rename(0, randomUUID(), 'nobody', randomUUID()).catch((error: unknown) => error)
  const endWaiting = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`
  await expect.poll(async () => (await pool.query(endWaiting)).rowCount).toBe(1)
  await holder.query('rollback')
  holder.release()
  expect(await refused).toMatchObject({ code: 'not_found' })
})

test('an update that is repeated, among others of the same product, takes effect once', async () => {
  const { id } = await create(0)
  const keys = Array.from({ length: 10 }, () => randomUUID())
  const send = (n: number) => rename(n, id, `name ${n % 10}`, keys[n % 10])
  const results = await Promise.all(Array.from({ length: 40 }, (_, n) => send(n)))
  for (let n = 0; n < 10; n++) {
    const repeats = results.filter((_, index) => index % 10 === n)
    expect(new Set(repeats.map(({ version }) => version)).size).toBe(1)
  }
  expect(await events(id)).toBe(11)
  // Long after, and after others have changed the product.
  expect(await send(3)).toEqual(results[3])
})

test('an answer that changed nothing is given again after something has changed', async () => {
  const { id } = await create(0)
  const key = randomUUID()
  expect(await rename(0, id, tea.name, key)).toEqual({ id, version: 1 })
  await rename(0, id, 'another')
  expect(await rename(1, id, tea.name, key)).toEqual({ id, version: 1 })
  expect(await events(id)).toBe(2)
})

test('a refusal is given again when it would not be refused any more, under its first request id', async () => {
  const id = randomUUID()
  const key = randomUUID()
  const refused = await rename(0, id, 'early', key).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'not_found', requestId: expect.any(String) })
  await create(0, undefined, id)
  const again = await rename(1, id, 'early', key).catch((error: unknown) => error)
  expect(again).toEqual(refused)
  expect(again).toMatchObject({ requestId: (refused as { requestId: string }).requestId })
  expect(await events(id)).toBe(1)
})

test('another command under the key is refused, and does nothing', async () => {
  const { id } = await create(0)
  const key = randomUUID()
  await rename(0, id, 'first', key)
  await expect(rename(1, id, 'second', key)).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  await expect(create(1, key)).rejects.toMatchObject({ code: 'idempotency_mismatch' })
  expect(await events(id)).toBe(2)
})

test('a decision that somebody else overtook leaves no claim behind', async () => {
  // Whatever this writer decides is out of date when it commits for the first time.
  const id = randomUUID()
  let overtake: (() => Promise<unknown>) | undefined
  const store = postgresProductStore(pool)
  const slow = executeOn(pool, {
    store: {
      load: store.load,
      async commit(batch) {
        await overtake?.()
        overtake = undefined
        return store.commit(batch)
      },
    },
  })
  overtake = () => create(0, undefined, id)
  const key = randomUUID()
  const created = slow({ type: 'create', id, details: tea }, callWith(key))
  await expect(created).rejects.toMatchObject({ code: 'already_exists' })

  overtake = () => rename(0, id, 'other')
  const renamed = await slow({ type: 'update', id, changes: { name: 'mine' } }, callWith('k1'))
  expect(renamed.version).toBe(3)
  overtake = () => rename(0, id, 'again')
  const command = { type: 'update', id, changes: { name: 'never' }, expectedVersion: 3 } as const
  await expect(slow(command, callWith('k2'))).rejects.toMatchObject({ code: 'version_conflict' })
  await expect(writers[0]!(command, callWith('k2'))).rejects.toMatchObject({
    code: 'version_conflict',
  })
})

test('of creates that race for one id under keys of their own, one wins and each gets its answer again', async () => {
  for (let round = 0; round < 20; round++) {
    const id = randomUUID()
    const keys = Array.from({ length: 6 }, () => randomUUID())
    const answers = () =>
      Promise.all(
        keys.map((key, n) =>
          create(n, key, id).then(
            ({ version }) => version,
            (error: { code: string }) => error.code,
          ),
        ),
      )
    const first = await answers()
    expect(first.filter((answer) => answer === 1)).toHaveLength(1)
    expect(first.filter((answer) => answer === 'already_exists')).toHaveLength(5)
    expect(await answers()).toEqual(first)
  }
})

test('while the outbox is full a command is refused and its key stays free; what was done before is answered', async () => {
  let full = false
  const execute = executeOn(pool, { outboxIsFull: () => full })
  const [done, free] = [randomUUID(), randomUUID()]
  const send = (key: string) => execute({ type: 'create', id: undefined, details: tea }, callWith(key))
  const first = await send(done)
  full = true
  expect(await send(done)).toEqual(first)
  await expect(send(free)).rejects.toMatchObject({ code: 'overloaded' })
  full = false
  expect(await send(free)).toMatchObject({ version: 1 })
})

test('keys are forgotten when their time is over, and no sooner', async () => {
  const [old, young] = [randomUUID(), randomUUID()]
  const { id } = await create(0, old)
  await create(0, young)
  // More than one batch of them.
  await pool.query(
    `insert into command_results select gen_random_uuid(), '', '{}', now() - interval '2 days' from generate_series(1, 1200)`,
  )
  await pool.query(
    `update command_results set created_at = now() - interval '25 hours' where idempotency_key = $1`,
    [old],
  )
  const dayMs = 86_400_000
  await using _expiry = startResultExpiry({ pool, retentionMs: dayMs, log })
  await expect
    .poll(async () => {
      const past = `select from command_results where created_at < now() - interval '1 day'`
      return (await pool.query(past)).rowCount
    })
    .toBe(0)
  expect((await create(1, old)).id).not.toBe(id)
  const { rowCount } = await pool.query('select from command_results where idempotency_key = $1', [young])
  expect(rowCount).toBe(1)
})
