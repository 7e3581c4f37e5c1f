-- Stores events in this order, and puts them into the outbox if they are to be published ($9).
with event as (
  select *
  from unnest(
    $1::text[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::bytea[], $7::jsonb[], $8::timestamptz[]
  ) with ordinality as t (type, id, version, event_id, event_type, payload, metadata, occurred_at, ordinal)
),
stored as (
  insert into events (type, id, version, event_id, event_type, payload, metadata, occurred_at)
  select type, id, version, event_id, event_type, payload, metadata, occurred_at
  from event
  order by ordinal
)
insert into outbox (type, id, version)
select type, id, version
from event
where $9::boolean
order by ordinal
