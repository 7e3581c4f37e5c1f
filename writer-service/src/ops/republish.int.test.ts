import { randomUUID } from 'node:crypto'
import { createLog } from '@lockstep/core/log/log.ts'
import { connectPostgres } from '@lockstep/core/postgres/pool.ts'
import { Registry } from 'prom-client'
import { expect, inject, test } from 'vitest'
import { postgresProductStore } from '../product/outbound/postgres/product-store.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { creation, pending } from '../testing/products.ts'
import { republishFrom, type Republished, type RepublishRequest } from './app/republish.ts'
import { postgresEventQueue } from './outbound/postgres/event-queue.ts'

/** A database with products of so many versions each, and an outbox that is empty again. */
async function playground(versions: readonly number[], limits = { batch: 2, outbox: 1_000, pauseMs: 10 }) {
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
  const ids: string[] = versions.map(() => randomUUID()).toSorted()
  for (const [index, id] of ids.entries()) {
    let commit = creation(id)
    for (let version = 1; ; version++) {
      await store.commit([commit])
      if (version === versions[index]) break
      commit = pending(commit.next, { type: 'update', id, changes: { priceCents: version } })
    }
  }
  await pool.query('delete from outbox')
  let woken = 0
  const republish = republishFrom(postgresEventQueue(pool), () => woken++, limits)
  return {
    ids,
    pool,
    woken: () => woken,
    async republish(
      request: Partial<RepublishRequest>,
      onProgress: (progress: Republished) => Promise<void> = async () => {},
    ) {
      let last: Republished | undefined
      await republish({ after: undefined, dryRun: false, ...request }, async (progress) => {
        last = progress
        await onProgress(progress)
      })
      return last
    },
    async outbox() {
      const sql = 'select product_id as id, version from outbox order by position'
      const { rows } = await pool.query<{ id: string; version: number }>(sql)
      return rows.map(({ id, version }) => `${ids.indexOf(id)}:${version}`)
    },
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  }
}

test("all events go into the outbox, each product's versions in order, in batches that cut through them", async () => {
  await using place = await playground([3, 1, 2])
  expect(await place.republish({})).toMatchObject({ scanned: 6, queued: 6, total: 6 })
  expect(await place.outbox()).toEqual(['0:1', '0:2', '0:3', '1:1', '2:1', '2:2'])
  expect(place.woken()).toBe(3)
})

test('the events of one product, and no others', async () => {
  await using place = await playground([2, 3, 2])
  expect(await place.republish({ productId: place.ids[1] })).toMatchObject({ queued: 3, total: 3 })
  expect(await place.outbox()).toEqual(['1:1', '1:2', '1:3'])
  await expect(place.republish({ productId: randomUUID() })).rejects.toMatchObject({ code: 'not_found' })
})

test('the events of a time, from its first moment to before its last', async () => {
  await using place = await playground([4])
  const sql = 'select occurred_at from product_events order by version'
  const times = (await place.pool.query<{ occurred_at: Date }>(sql)).rows.map((row) => row.occurred_at)
  // Two events of one millisecond belong together.
  const since = times[1]!
  const until = new Date(times[3]!.getTime() + 1)
  const expected = times.flatMap((time, index) => (time >= since ? [`0:${index + 1}`] : []))
  await place.republish({ since, until })
  expect(await place.outbox()).toEqual(expected)
  await place.pool.query('delete from outbox')
  expect(await place.republish({ until: times[0]! })).toMatchObject({ scanned: 4, queued: 0 })
  expect(await place.outbox()).toEqual([])
})

test('a dry run counts and leaves the outbox alone', async () => {
  await using place = await playground([2, 2])
  expect(await place.republish({ dryRun: true })).toMatchObject({ scanned: 4, queued: 4 })
  expect(await place.outbox()).toEqual([])
  expect(place.woken()).toBe(0)
})

test('what was cut off goes on behind the last event that was looked at', async () => {
  await using place = await playground([2, 3])
  let position: Republished['position']
  const cut = place.republish({}, async (progress) => {
    position = progress.position
    throw new Error('the caller went away')
  })
  await expect(cut).rejects.toThrow('went away')
  expect(await place.outbox()).toEqual(['0:1', '0:2'])
  await place.republish({ after: position })
  expect(await place.outbox()).toEqual(['0:1', '0:2', '1:1', '1:2', '1:3'])
})

test('nothing is added to an outbox that is full, until it is emptied', async () => {
  await using place = await playground([9], { batch: 2, outbox: 4, pauseMs: 1 })
  let fullest = 0
  let waits = 0
  await place.republish({}, async () => {
    const entries = await place.outbox()
    fullest = Math.max(fullest, entries.length)
    if (entries.length >= 4 && ++waits % 3 === 0) await place.pool.query('delete from outbox')
  })
  expect(fullest).toBe(4)
  expect(waits).toBeGreaterThan(3)
  expect(await place.outbox()).toEqual(['0:9'])
})
