-- What one command costs Postgres, as a pgbench script: it looks the product up, then writes state, event and outbox
-- entry in one statement. It mirrors load-products.sql and commit-products.sql of the writer for one new product.
--
-- The subquery in the lookup is evaluated once, so Postgres uses the primary key as it does for the writer's
-- parameter. A bare gen_random_uuid() is volatile: Postgres would scan the whole table for every transaction.
select id, version, name, description, category, price_cents, created_at, updated_at, deleted_at
from products
where id = any (array[(select gen_random_uuid())]);
with decision as (
  select gen_random_uuid() as id, gen_random_uuid() as event_id, clock_timestamp() as occurred_at
),
created as (
  insert into products (id, version, name, description, category, price_cents, created_at, updated_at)
  select id, 1, 'Blue enamel teapot', 'Holds 1.2 l; dishwasher safe.', 'kitchen', 3490, occurred_at, occurred_at
  from decision
  on conflict (id) do nothing
  returning id
),
stored as (
  insert into product_events (product_id, version, event_id, type, payload, metadata, occurred_at)
  select d.id, 1, d.event_id, 'lockstep.product.v1.ProductCreated', decode(repeat('ab', 170), 'hex'), '{}', d.occurred_at
  from decision as d
  join created as c using (id)
),
queued as (
  insert into outbox (product_id, version)
  select id, 1
  from created
)
select id from created;
