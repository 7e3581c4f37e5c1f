-- Writes each decision whose product is still at the version before it: state, event, outbox entry and the claim on
-- its idempotency key, or nothing. One row a decision, in arrays; answers the ids that were written. As the only
-- statement of its transaction it is atomic with one round trip.
--
-- First the products are locked, in the order of their ids, so that it is certain which decisions are still valid.
-- Then these claim their keys, and everything else hangs on the claim: who finds a key taken writes nothing. Of two
-- that create the same product at once the second fails with unique_violation, and its claim is undone with the rest.
with decision as (
  select *
  from unnest(
    $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
    $7::timestamptz[], $8::timestamptz[], $9::boolean[],
    $10::uuid[], $11::text[], $12::bytea[], $13::jsonb[],
    $14::text[], $15::bytea[], $16::jsonb[]
  ) with ordinality as t (
    id, version, name, description, category, price_cents,
    created_at, occurred_at, deleted,
    event_id, event_type, payload, metadata,
    idempotency_key, fingerprint, outcome, ordinal
  )
),
held as (
  select p.id, p.version
  from products as p
  join decision as d using (id)
  order by p.id
  for update of p
),
valid as (
  select d.*
  from decision as d
  left join held as h using (id)
  where coalesce(h.version, 0) = d.version - 1
),
claimed as (
  insert into command_results (idempotency_key, fingerprint, outcome)
  select idempotency_key, fingerprint, outcome
  from valid
  where idempotency_key is not null
  order by idempotency_key
  on conflict (idempotency_key) do nothing
  returning idempotency_key
),
allowed as (
  select *
  from valid
  where idempotency_key is null or idempotency_key in (select idempotency_key from claimed)
),
created as (
  insert into products (id, version, name, description, category, price_cents, created_at, updated_at)
  select id, version, name, description, category, price_cents, created_at, occurred_at
  from allowed
  where version = 1
  order by id
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
  from allowed as d
  where p.id = d.id and d.version > 1
),
stored as (
  insert into product_events (product_id, version, event_id, type, payload, metadata, occurred_at)
  select id, version, event_id, event_type, payload, metadata, occurred_at
  from allowed
  order by id
),
queued as (
  insert into outbox (product_id, version)
  select id, version
  from allowed
  order by ordinal
)
select id from allowed
