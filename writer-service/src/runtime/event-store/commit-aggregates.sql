-- Writes each change whose aggregate is still at the version before it: the state, the events, their outbox entries and
-- the claims on idempotency keys, or nothing of it. Returns the numbers of the changes that were written. As the only
-- statement of its transaction it is atomic with one round trip.
--
-- The upsert locks the rows in the order of their keys, and it is the version gate: an aggregate with another version
-- than the change was decided on, or one that exists although the change creates it, is not written. A key that another
-- command has claimed fails the whole statement (unique_violation).
with change as (
  select *
  from unnest(
    $1::text[], $2::uuid[], $3::bigint[], $4::bigint[], $5::jsonb[],
    $6::timestamptz[], $7::timestamptz[], $8::boolean[]
  ) with ordinality as t (type, id, base_version, version, state, created_at, updated_at, deleted, number)
),
event as (
  select *
  from unnest(
    $9::bigint[], $10::bigint[], $11::uuid[], $12::text[], $13::bytea[], $14::jsonb[], $15::timestamptz[]
  ) with ordinality as t (change, version, event_id, event_type, payload, metadata, occurred_at, ordinal)
),
claim as (
  select *
  from unnest($16::bigint[], $17::text[], $18::bytea[], $19::jsonb[]) as t (change, idempotency_key, fingerprint, outcome)
),
written as (
  insert into aggregates as a (type, id, version, state, created_at, updated_at, deleted_at)
  select type, id, version, state, created_at, updated_at, case when deleted then updated_at end
  from change
  order by type, id
  on conflict (type, id) do update
  set version = excluded.version,
      state = excluded.state,
      updated_at = excluded.updated_at,
      deleted_at = excluded.deleted_at
  where (a.type, a.id, a.version) in (select type, id, base_version from change)
  returning a.type, a.id
),
committed as (
  select c.*
  from change as c
  join written using (type, id)
),
claimed as (
  insert into command_results (idempotency_key, fingerprint, outcome)
  select cl.idempotency_key, cl.fingerprint, cl.outcome
  from committed as c
  join claim as cl on cl.change = c.number
  order by cl.idempotency_key
),
stored as (
  insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
  select c.type, c.id, e.version, e.event_id, e.event_type, e.payload, e.metadata, e.occurred_at
  from committed as c
  join event as e on e.change = c.number
  order by e.ordinal
),
queued as (
  insert into outbox (type, id, version)
  select c.type, c.id, e.version
  from committed as c
  join event as e on e.change = c.number
  order by e.ordinal
)
select number from committed
