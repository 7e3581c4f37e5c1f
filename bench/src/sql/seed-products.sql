-- Stores $1 products as if they had been created one after the other until $2.
with product as (
  select
    (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || substr(md5(n::text), 1, 20))::uuid as id,
    n, at
  from (select n, $2::timestamptz - ($1::bigint - n) * interval '10 milliseconds' as at from generate_series(1, $1::bigint) as n) as numbered
),
written as (
  insert into aggregates (type, id, version, state, created_at, updated_at)
  select
    'product', id, 1,
    jsonb_build_object('deleted', false, 'details', jsonb_build_object(
      'name', 'Blue enamel teapot ' || n, 'category', 'kitchen', 'priceCents', 3490, 'description', 'Holds 1.2 l; dishwasher safe.'
    )),
    at, at
  from product
)
insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
select 'product', id, 1, md5('event' || n)::uuid, 'lockstep.product.v1.ProductCreated', decode(repeat('ab', 175), 'hex'), '{}', at
from product
