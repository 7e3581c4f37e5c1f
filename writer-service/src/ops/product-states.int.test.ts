import { randomUUID } from 'node:crypto'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { Registry } from 'prom-client'
import { expect, inject, test } from 'vitest'
import { postgresProductStore } from '../product/outbound/postgres/product-store.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { creation, pending, tea } from '../testing/products.ts'
import { postgresProductStates } from './outbound/postgres/product-states.ts'

async function playground() {
  const url = await migratedDatabase(inject('postgresUrl'))
  const log = createLog({ service: 'test', level: 'silent' })
  const postgres = connectPostgres({
    url,
    poolSize: 2,
    applicationName: 'test',
    log,
    metrics: new Registry(),
  })
  const { pool } = postgres
  const store = postgresProductStore(pool)
  return {
    pool,
    states: postgresProductStates(pool),
    async create(id: string = randomUUID()) {
      const commit = creation(id)
      await store.commit([commit])
      return commit.next
    },
    async remove(state: Parameters<typeof pending>[0] & object) {
      const commit = pending(state, { type: 'delete', id: state.id })
      await store.commit([commit])
      return commit.next
    },
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  }
}

const nothing = { afterId: undefined, upToId: undefined }

test('states come in the order of ids, page by page, deleted ones too', async () => {
  await using place = await playground()
  const made = [
    await place.create(),
    await place.create(),
    await place.create('00000000-0000-0000-0000-000000000000'),
  ]
  const states = made.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  states[1] = await place.remove(states[1]!)

  const first = await place.states.list({ ...nothing, limit: 2 })
  expect(first.map(({ state }) => state)).toEqual(states.slice(0, 2))
  const rest = await place.states.list({ ...nothing, afterId: states[1].id, limit: 2 })
  expect(rest.map(({ state }) => state)).toEqual(states.slice(2))
  const upTo = await place.states.list({ ...nothing, upToId: states[1].id, limit: 9 })
  expect(upTo.map(({ state }) => state)).toEqual(states.slice(0, 2))
  const found = await place.states.find([states[2]!.id, randomUUID()])
  expect(found).toEqual([{ state: states[2], faults: [] }])
})

test('a state that is not what its own last event says tells in which fields', async () => {
  await using place = await playground()
  const changed = await place.create()
  const ahead = await place.create()
  const lost = await place.create()
  const resurrected = await place.remove(await place.create())
  const set = (what: string, id: string) =>
    place.pool.query(`update products set ${what} where id = $1`, [id])
  await set("name = 'Coffee', price_cents = 1", changed.id)
  await set('version = 2', ahead.id)
  await set('deleted_at = null', resurrected.id)
  await place.pool.query(
    'insert into products select $1, version, name, description, category, price_cents, created_at, updated_at from products where id = $2',
    [randomUUID(), lost.id],
  )

  const audited = await place.states.list({ ...nothing, limit: 9 })
  const faultsOf = (id: string) => audited.find(({ state }) => state.id === id)?.faults
  expect(faultsOf(changed.id)).toEqual(['name', 'price_cents'])
  expect(faultsOf(ahead.id)).toEqual(['version', 'version in the payload'])
  expect(faultsOf(resurrected.id)).toEqual(['deleted'])
  expect(faultsOf(lost.id)).toEqual([])
  expect(audited.filter(({ faults }) => faults[0] === 'it has no event')).toMatchObject([
    { state: { details: tea } },
  ])
})
