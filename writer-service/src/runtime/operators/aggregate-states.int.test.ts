import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import type { PendingCommit } from '../commands/ports.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { connectWriter, pendingCommit } from '../testing/test-writer.ts'
import { postgresAggregateStates } from './aggregate-states.ts'

const create = {
  type: 'create',
  details: { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 },
}

async function setup() {
  const writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const { pool, store } = writer
  const committed = async (commit: PendingCommit) => {
    expect(await store.commit([commit])).toEqual(['committed'])
    return commit.next
  }
  const states = postgresAggregateStates(pool)
  return {
    pool,
    list: (range: { afterId?: string; upToId?: string; limit: number }) =>
      states.list(productAggregate, { afterId: undefined, upToId: undefined, ...range }),
    find: (ids: readonly string[]) => states.find(productAggregate, ids),
    create: (id: string = randomUUID()) => committed(pendingCommit(productAggregate, { id }, [create])),
    remove: (state: PendingCommit['next']) =>
      committed(pendingCommit(productAggregate, state, [{ type: 'delete' }])),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

test('states are listed in the order of ids, page by page, deleted ones included', async () => {
  await using writer = await setup()
  const created = [
    await writer.create(),
    await writer.create(),
    await writer.create('00000000-0000-0000-0000-000000000000'),
  ]
  const states = created.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  states[1] = await writer.remove(states[1]!)

  expect(await writer.list({ limit: 2 })).toMatchObject(states.slice(0, 2))
  expect(await writer.list({ afterId: states[1].id, limit: 2 })).toMatchObject(states.slice(2))
  expect(await writer.list({ upToId: states[1].id, limit: 9 })).toMatchObject(states.slice(0, 2))
  const found = await writer.find([states[2]!.id, states[2]!.id, randomUUID()])
  expect(found).toMatchObject([{ ...states[2], mismatches: [] }])
})

test('a state has its last event, as it was published', async () => {
  await using writer = await setup()
  const { id } = await writer.remove(await writer.create())
  const [state] = await writer.find([id])
  const { contract } = productAggregate.events
  expect(contract.decode(state!.lastEvent)).toMatchObject({
    productId: id,
    version: 2,
    change: { $case: 'deleted' },
  })
})

test('a state that differs from its last event lists the fields', async () => {
  await using writer = await setup()
  const changed = await writer.create()
  const ahead = await writer.create()
  const original = await writer.create()
  const resurrected = await writer.remove(await writer.create())
  const set = (what: string, id: string) =>
    writer.pool.query(`update aggregates set ${what} where id = $1`, [id])
  await set(
    `state = jsonb_set(jsonb_set(state, '{details,name}', '"Coffee"'), '{details,priceCents}', '1')`,
    changed.id,
  )
  await set('version = 2', ahead.id)
  await set('deleted_at = null', resurrected.id)
  const orphan = randomUUID()
  await writer.pool.query(
    `insert into aggregates
     select type, $1, version, state, created_at, updated_at from aggregates where id = $2`,
    [orphan, original.id],
  )

  const unreadable = randomUUID()
  await writer.pool.query(
    `with event as (
       insert into events
       select type, $1, version, gen_random_uuid(), event_type, '\\xff', metadata, occurred_at
       from events where id = $2
     )
     insert into aggregates
     select type, $1, version, state, created_at, updated_at from aggregates where id = $2`,
    [unreadable, original.id],
  )

  const listed = await writer.list({ limit: 9 })
  const mismatchesOf = (id: string) => listed.find((state) => state.id === id)?.mismatches
  expect(mismatchesOf(changed.id)).toEqual(['details.name', 'details.priceCents'])
  expect(mismatchesOf(ahead.id)).toEqual(['version', 'payload.version'])
  expect(mismatchesOf(resurrected.id)).toEqual(['deleted'])
  expect(mismatchesOf(original.id)).toEqual([])
  expect(mismatchesOf(orphan)).toEqual(['last_event'])
  expect(mismatchesOf(unreadable)).toEqual(['last_event'])
})
