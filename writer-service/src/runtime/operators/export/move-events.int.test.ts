import { randomUUID } from 'node:crypto'
import { ArchiveError, openArchive } from '@lockstep/core/archive/archive.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { expect, inject, test } from 'vitest'
import { productAggregate } from '../../../product/commands.ts'
import { stockAggregate } from '../../../stock/commands.ts'
import { connectWriter, pendingCommit } from '../../testing/test-writer.ts'
import { exportFrom } from './export-events.ts'
import { importInto } from './import-events.ts'

/* An export of one database, imported into another one. */

const aggregates = [productAggregate, stockAggregate]
const types = aggregates.map(({ type }) => type)
const contract = ['product', 'stock']
const create = {
  type: 'create',
  details: { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 },
}
const update = (priceCents: number) => ({ type: 'update', changes: { priceCents } })

async function emptyWriter() {
  const writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  let woken = 0
  const importEvents = importInto(writer.pool, { aggregates, contract, onImported: () => woken++ })
  return {
    ...writer,
    woken: () => woken,
    async import(bytes: Buffer, publish = true) {
      let imported = 0
      const onProgress = async (count: number) => void (imported = count)
      await importEvents(await openArchive(chunks(bytes)), { publish, onProgress })
      return imported
    },
    async tables() {
      const all = async (query: string) => (await writer.pool.query(query)).rows as object[]
      return {
        aggregates: await all('select * from aggregates order by type, id'),
        events: await all('select * from events order by type, id, version'),
        outbox: await all('select type, id, version from outbox order by position'),
      }
    },
  }
}

/** 300 products with three versions each, a deleted one, and a stock: more than one batch. */
async function filledWriter() {
  const writer = await emptyWriter()
  const commits = Array.from({ length: 300 }, () =>
    pendingCommit(productAggregate, { id: randomUUID() }, [create, update(1), update(2)]),
  )
  const deleted = pendingCommit(productAggregate, { id: randomUUID() }, [create, { type: 'delete' }])
  const stock = pendingCommit(stockAggregate, { id: randomUUID() }, [{ type: 'receive', quantity: 3 }])
  await writer.store.commit([...commits, deleted, stock])
  const bytes = Buffer.concat(await Array.fromAsync(exportFrom(writer.pool, types, contract)()))
  return { ...writer, bytes }
}

async function* chunks(bytes: Buffer) {
  for (let from = 0; from < bytes.length; from += 1_000) {
    yield await Promise.resolve(bytes.subarray(from, from + 1_000))
  }
}

test('an import into an empty store gives the same events and states, and publishes in order', async () => {
  await using source = await filledWriter()
  await using target = await emptyWriter()
  expect(await target.import(source.bytes)).toBe(903)
  const [expected, actual] = [await source.tables(), await target.tables()]
  expect(actual.events).toEqual(expected.events)
  expect(actual.aggregates).toEqual(expected.aggregates)
  expect(actual.outbox).toEqual(actual.events.map((event) => expect.objectContaining(pick(event)) as object))
  expect(target.woken()).toBe(1)
})

test('without publishing, nothing is put into the outbox', async () => {
  await using source = await filledWriter()
  await using target = await emptyWriter()
  await target.import(source.bytes, false)
  expect((await target.tables()).outbox).toEqual([])
  expect(target.woken()).toBe(0)
})

test('a file that is truncated or altered stores nothing, and a repeat works', async () => {
  await using source = await filledWriter()
  await using target = await emptyWriter()
  const altered = Buffer.from(source.bytes)
  altered[altered.length >> 1]! ^= 1
  for (const damaged of [source.bytes.subarray(0, -1), source.bytes.subarray(0, -200), altered]) {
    await expect(target.import(damaged)).rejects.toThrow(ArchiveError)
    expect(await target.tables()).toEqual({ aggregates: [], events: [], outbox: [] })
  }
  expect(await target.import(source.bytes)).toBe(903)
})

test('an import into a store that is not empty is refused', async () => {
  await using source = await filledWriter()
  const before = await source.tables()
  await expect(source.import(source.bytes)).rejects.toThrow('The event store is not empty')
  expect(await source.tables()).toEqual(before)
})

test('a command during an import waits for its end, and both take effect', async () => {
  await using source = await filledWriter()
  await using target = await emptyWriter()
  const [arrived, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  async function* slow() {
    yield source.bytes.subarray(0, -1)
    arrived.resolve()
    await rest.promise
    yield source.bytes.subarray(-1)
  }
  const importing = importInto(target.pool, { aggregates, contract, onImported: () => {} })(
    await openArchive(slow()),
    { publish: true, onProgress: async () => {} },
  )
  await arrived.promise
  await expect.poll(async () => (await target.pool.query(locked)).rows).toHaveLength(1)
  const command = target.store.commit([pendingCommit(productAggregate, { id: randomUUID() }, [create])])
  rest.resolve()
  await importing
  await command
  expect((await target.tables()).events).toHaveLength(904)
})

const locked = `select from pg_locks where relation = 'events'::regclass and mode = 'ShareRowExclusiveLock'`

function pick(event: object) {
  const { type, id, version } = event as { type: string; id: string; version: number }
  return { type, id, version }
}
