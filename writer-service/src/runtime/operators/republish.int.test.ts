import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { productAggregate } from '../../product/commands.ts'
import type { PendingCommit } from '../commands/ports.ts'
import { migratedDatabase } from '@lockstep/testkit/migrated-database.ts'
import { connectWriter, pendingCommit } from '../testing/test-writer.ts'
import { postgresEventQueue } from './event-queue.ts'
import { republishFrom, type Republished, type RepublishRequest } from './republish.ts'

const details = { name: 'Tea', description: 'Green', category: 'tea', priceCents: 250 }

/** A database with one product for each number, with so many versions, and an empty outbox. */
async function setup(versions: readonly number[], limits = { batch: 2, outbox: 1_000, pauseMs: 10 }) {
  const writer = connectWriter(await migratedDatabase(inject('postgresUrl')))
  const { pool } = writer
  const ids: string[] = versions.map(() => randomUUID()).toSorted()
  const batch = ids.map((id, index) => {
    const updates = Array.from({ length: versions[index]! - 1 }, (_, n) => ({
      type: 'update',
      changes: { priceCents: n },
    }))
    return pendingCommit(productAggregate, { id }, [{ type: 'create', details }, ...updates])
  })
  // Ids of another type, which republishing must not touch.
  const others = batch.map((commit) => ({ ...commit, next: { ...commit.next, type: 'other' } }))
  await writer.store.commit(batch)
  await writer.store.commit(others.map(withOtherEventIds))
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
      await republish(
        { aggregate: 'product', after: undefined, dryRun: false, ...request },
        async (progress) => {
          last = progress
          await onProgress(progress)
        },
      )
      return last
    },
    async outbox() {
      const sql = 'select id, version from outbox order by position'
      const { rows } = await pool.query<{ id: string; version: number }>(sql)
      return rows.map(({ id, version }) => `${ids.indexOf(id)}:${version}`)
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  }
}

/** Event ids are unique over all types. */
function withOtherEventIds(commit: PendingCommit): PendingCommit {
  return { ...commit, events: commit.events.map((event) => ({ ...event, eventId: randomUUID() })) }
}

test("all events go into the outbox, each product's versions in order, in batches that cut through them", async () => {
  await using writer = await setup([3, 1, 2])
  expect(await writer.republish({})).toMatchObject({ scanned: 6, queued: 6, total: 6 })
  expect(await writer.outbox()).toEqual(['0:1', '0:2', '0:3', '1:1', '2:1', '2:2'])
  expect(writer.woken()).toBe(3)
})

test('the events of one product, and no others', async () => {
  await using writer = await setup([2, 3, 2])
  expect(await writer.republish({ id: writer.ids[1] })).toMatchObject({ queued: 3, total: 3 })
  expect(await writer.outbox()).toEqual(['1:1', '1:2', '1:3'])
  await expect(writer.republish({ id: randomUUID() })).rejects.toMatchObject({ code: 'not_found' })
})

test('the events of a period, from its first moment to before its last', async () => {
  await using writer = await setup([4])
  const sql = "select occurred_at from events where type = 'product' order by version"
  const times = (await writer.pool.query<{ occurred_at: Date }>(sql)).rows.map((row) => row.occurred_at)
  // Two events of one millisecond belong together.
  const since = times[1]!
  const until = new Date(times[3]!.getTime() + 1)
  const expected = times.flatMap((time, index) => (time >= since ? [`0:${index + 1}`] : []))
  await writer.republish({ since, until })
  expect(await writer.outbox()).toEqual(expected)
  await writer.pool.query('delete from outbox')
  expect(await writer.republish({ until: times[0]! })).toMatchObject({ scanned: 4, queued: 0 })
  expect(await writer.outbox()).toEqual([])
})

test('a dry run counts and does not change the outbox', async () => {
  await using writer = await setup([2, 2])
  expect(await writer.republish({ dryRun: true })).toMatchObject({ scanned: 4, queued: 4 })
  expect(await writer.outbox()).toEqual([])
  expect(writer.woken()).toBe(0)
})

test('interrupted work continues behind the last event that was read', async () => {
  await using writer = await setup([2, 3])
  let position: Republished['position']
  const cut = writer.republish({}, async (progress) => {
    position = progress.position
    throw new Error('the caller disconnected')
  })
  await expect(cut).rejects.toThrow('disconnected')
  expect(await writer.outbox()).toEqual(['0:1', '0:2'])
  await writer.republish({ after: position })
  expect(await writer.outbox()).toEqual(['0:1', '0:2', '1:1', '1:2', '1:3'])
})

test('nothing is added to a full outbox until it has room', async () => {
  await using writer = await setup([9], { batch: 2, outbox: 4, pauseMs: 1 })
  let fullest = 0
  let waits = 0
  await writer.republish({}, async () => {
    const entries = await writer.outbox()
    fullest = Math.max(fullest, entries.length)
    if (entries.length >= 4 && ++waits % 3 === 0) await writer.pool.query('delete from outbox')
  })
  expect(fullest).toBe(4)
  expect(waits).toBeGreaterThan(3)
  expect(await writer.outbox()).toEqual(['0:9'])
})
