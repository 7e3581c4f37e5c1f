-- What one command costs Postgres, as a script for pgbench: the look-up of the product, then state, event and outbox
-- entry in one statement. Like the writer's load-aggregates.sql and commit-aggregates.sql, for one new product.
\set n random(1, 9000000000000000)
select type, id, version, state, created_at, updated_at
from aggregates
where type = 'product' and id = md5(:n::text)::uuid;
with change as (
  select md5(:n::text)::uuid as id, gen_random_uuid() as event_id, clock_timestamp() as occurred_at
),
written as (
  insert into aggregates (type, id, version, state, created_at, updated_at)
  select
    'product', id, 1,
    jsonb_build_object(
      'details', jsonb_build_object(
        'name', 'Blue enamel teapot', 'description', 'Holds 1.2 l; dishwasher safe.', 'category', 'kitchen', 'priceCents', 3490
      ),
      'deleted', false
    ),
    occurred_at, occurred_at
  from change
  on conflict (type, id) do nothing
  returning id
),
stored as (
  insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
  select
    'product', c.id, 1, c.event_id, 'lockstep.product.v1.ProductCreated', decode(repeat('ab', 170), 'hex'), '{}',
    c.occurred_at
  from change as c
  join written using (id)
),
queued as (
  insert into outbox (type, id, version)
  select 'product', id, 1
  from written
)
select id from written;
