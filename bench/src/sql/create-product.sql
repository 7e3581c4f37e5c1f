-- Creates one product, as a script for pgbench: state, event and outbox entry in one statement and one transaction. The
-- insert refuses an id that exists, so no look-up comes first. As in the writer, the ids grow with time.
with change as (
  select
    (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || substr(md5(random()::text), 1, 20))::uuid as id,
    (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || substr(md5(random()::text), 1, 20))::uuid as event_id,
    clock_timestamp() as occurred_at
),
written as (
  insert into aggregates (type, id, version, state, created_at, updated_at)
  select
    'product', id, 1,
    '{"deleted": false, "details": {"name": "Blue enamel teapot", "category": "kitchen", "priceCents": 3490, "description": "Holds 1.2 l; dishwasher safe."}}',
    occurred_at, occurred_at
  from change
  on conflict (type, id) do nothing
  returning id
),
stored as (
  insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
  select 'product', c.id, 1, c.event_id, 'lockstep.product.v1.ProductCreated', decode(repeat('ab', 175), 'hex'), '{}', c.occurred_at
  from change as c
  join written using (id)
)
insert into outbox (type, id, version)
select 'product', id, 1
from written;
