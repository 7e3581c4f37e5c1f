import type { Pool, PoolClient } from 'pg'
import type { State } from '../evidence/history.ts'

/** All SQL that the harness and the end-to-end tests run on the writer's database. */

/** The names under which the services connect. */
export const writerSessions = 'lockstep-writer'
export const relaySessions = 'lockstep-relay'

/** The payloads of all events of this type since then, by aggregate and version. */
export async function eventPayloads(postgres: Pool, type: string, since: Date): Promise<Buffer[]> {
  const { rows } = await postgres.query<{ payload: Buffer }>(
    'select payload from events where type = $1 and occurred_at >= $2 order by id, version',
    [type, since],
  )
  return rows.map(({ payload }) => payload)
}

/** The payload of the last event of each aggregate of this type. */
export async function newestPayloads(postgres: Pool, type: string): Promise<Buffer[]> {
  const { rows } = await postgres.query<{ payload: Buffer }>(
    `select payload from events join aggregates using (type, id, version) where type = $1`,
    [type],
  )
  return rows.map(({ payload }) => payload)
}

/** The view of each aggregate type, and its columns under the names that queries use. */
const views: Readonly<Record<string, string>> = {
  product: `name, description, category, price_cents::float8 as "priceCents",
    created_at as "createdAt", updated_at as "updatedAt" from products`,
  stock: `on_hand::float8 as "onHand", reserved::float8 as reserved, (on_hand - reserved)::float8 as available,
    updated_at as "updatedAt" from stock`,
}

/** The states on which the writer decides. */
export async function statesOf(postgres: Pool, type: string, ids: ReadonlySet<string>): Promise<State[]> {
  const { rows } = await postgres.query<Record<string, unknown> & { deleted: boolean }>(
    `select id, version::int, deleted_at is not null as deleted, ${views[type]} where id = any ($1::uuid[])`,
    [[...ids]],
  )
  return rows.map(({ id, version, deleted, ...fields }) => {
    const texts = Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Date ? value.toISOString() : value,
    ])
    return { id, version, deleted, ...(!deleted && Object.fromEntries(texts)) } as State
  })
}

export async function countEvents(postgres: Pool, type: string, id: string): Promise<number> {
  return countOf(postgres, 'select count(*) from events where type = $1 and id = $2', [type, id])
}

export async function countAllEvents(postgres: Pool): Promise<number> {
  return countOf(postgres, 'select count(*) from events')
}

export async function outboxSize(postgres: Pool): Promise<number> {
  return countOf(postgres, 'select count(*) from outbox')
}

async function countOf(postgres: Pool, query: string, parameters: unknown[] = []): Promise<number> {
  const { rows } = await postgres.query<{ count: string }>(query, parameters)
  return Number(rows[0]?.count)
}

/** Statements for `locked`: what they block until the lock is released. */
export const locks = {
  allCommits: 'lock table events in share mode',
  allCommitsAndRepeats: 'lock table events in exclusive mode',
  allReadsAndCommits: 'lock table aggregates in access exclusive mode',
  outboxDeletes: 'select from outbox for update',
}

export async function lockAggregate(client: PoolClient, type: string, id: string): Promise<void> {
  await client.query('select from aggregates where type = $1 and id = $2 for update', [type, id])
}

/** How many statements of these sessions wait for a lock. */
export async function countBlocked(postgres: Pool, sessions: string): Promise<number> {
  return countOf(
    postgres,
    `select count(*) from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`,
    [sessions],
  )
}

/** Postgres continues a statement whose client is gone, unless its server process is terminated. */
export async function terminateBlocked(postgres: Pool, sessions: string): Promise<void> {
  await postgres.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = $1 and wait_event_type = 'Lock'`,
    [sessions],
  )
}

export async function terminate(postgres: Pool, sessions: string): Promise<void> {
  await postgres.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
    sessions,
  ])
}

/** Every commit fails with an error of class 53 until `freeDisk`. */
export async function fillDisk(postgres: Pool): Promise<void> {
  await postgres.query(
    `create or replace function disk_full() returns trigger language plpgsql as
     $$ begin raise exception 'could not extend file' using errcode = 'disk_full'; end $$`,
  )
  await postgres.query(
    'create trigger disk_full before insert on outbox for each statement execute function disk_full()',
  )
}

export async function freeDisk(postgres: Pool): Promise<void> {
  await postgres.query('drop trigger if exists disk_full on outbox')
}

/** Has the open transaction take its number, which it otherwise takes at its first write. */
export async function takeTransactionId(client: PoolClient): Promise<void> {
  await client.query('select pg_current_xact_id()')
}

/** The row of a product that a writer would write, with its event and its outbox entry. */
export type ProductCommit = {
  id: string
  version: number
  name: string
  eventId: string
  eventType: string
  payload: Buffer
  createdAt: Date
  at: Date
}

export async function productCreatedAt(client: PoolClient, id: string): Promise<Date | undefined> {
  const { rows } = await client.query<{ created_at: Date }>('select created_at from products where id = $1', [
    id,
  ])
  return rows[0]?.created_at
}

const otherDetails = { description: '', category: 'general', priceCents: 1 }

export async function writeProduct(client: PoolClient, commit: ProductCommit): Promise<void> {
  const { id, version, name, eventId, eventType, payload, createdAt, at } = commit
  await client.query(
    `insert into aggregates (type, id, version, state, created_at, updated_at)
     values ('product', $1, $2, $3, $4, $5)
     on conflict (type, id) do update
     set version = excluded.version, state = excluded.state, updated_at = excluded.updated_at`,
    [id, version, JSON.stringify({ details: { name, ...otherDetails }, deleted: false }), createdAt, at],
  )
  await client.query(
    `insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
     values ('product', $1, $2, $3, $4, $5, '{}', $6)`,
    [id, version, eventId, eventType, payload, at],
  )
  await client.query(`insert into outbox (type, id, version) values ('product', $1, $2)`, [id, version])
}
