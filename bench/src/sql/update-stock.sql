-- Changes one of 1,000 stocks, as a script for pgbench: state, event and outbox entry in one statement and one
-- transaction. The database decides, so the state needs no round trip before the write.
\set n random(1, 1000)
with written as (
  update aggregates
  set version = version + 1,
      state = jsonb_set(state, '{onHand}', to_jsonb((state ->> 'onHand')::bigint + 1)),
      updated_at = clock_timestamp()
  where type = 'stock' and id = lpad(to_hex(:n::bigint), 32, '0')::uuid
  returning id, version, updated_at
),
stored as (
  insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
  select
    'stock', id, version,
    (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || substr(md5(random()::text), 1, 20))::uuid,
    'lockstep.stock.v1.StockReceived', decode(repeat('ab', 130), 'hex'), '{}', updated_at
  from written
)
insert into outbox (type, id, version)
select 'stock', id, version
from written;
