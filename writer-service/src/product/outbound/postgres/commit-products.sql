-- Writes each decision whose product is still at the version before it: state, event and outbox entry, or nothing.
-- One row a decision, in arrays; answers the ids that were written. As the only statement of its transaction it is
-- atomic with one round trip.
with decision as (
  select *
  from unnest(
    $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::timestamptz[], $8::timestamptz[], $9::boolean[],
    $10::uuid[], $11::text[], $12::bytea[], $13::jsonb[]
  ) with ordinality as t (
    id, version, name, description, category, price_cents,
    created_at, occurred_at, deleted,
    event_id, event_type, payload, metadata, ordinal
  )
),
created as (
  insert into products (id, version, name, description, category, price_cents, created_at, updated_at)
  select id, version, name, description, category, price_cents, created_at, occurred_at
  from decision
  where version = 1
  on conflict (id) do nothing
  returning id
),
changed as (
  update products as p
  set version = d.version,
      name = d.name,
      description = d.description,
      category = d.category,
      price_cents = d.price_cents,
      updated_at = d.occurred_at,
      deleted_at = case when d.deleted then d.occurred_at end
  from decision as d
  where p.id = d.id and p.version = d.version - 1
  returning p.id
),
written as (
  select id from created
  union all
  select id from changed
),
stored as (
  insert into product_events (product_id, version, event_id, type, payload, metadata, occurred_at)
  select d.id, d.version, d.event_id, d.event_type, d.payload, d.metadata, d.occurred_at
  from decision as d
  join written as w using (id)
),
queued as (
  insert into outbox (product_id, version)
  select d.id, d.version
  from decision as d
  join written as w using (id)
  order by d.ordinal
)
select id from written
