-- Deletes the entries that the broker acknowledged ($1) and returns the oldest of the others with their events, at most
-- $2 of them and about $3 bytes (always at least one). Both parts see the same snapshot, so the deleted ones are excluded.
-- The lateral subquery keeps a plan that was cached while the tables were empty on the primary key.
with deleted as (
  delete from outbox
  where position = any ($1::bigint[])
  returning position
)
select position, type, id, event_id, event_type, payload, metadata, occurred_at
from (
  select
    o.position, o.type, o.id, e.event_id, e.event_type, e.payload, e.metadata, e.occurred_at,
    sum(octet_length(e.payload)) over (order by o.position) - octet_length(e.payload) as bytes_before
  from (
    select * from outbox
    where position not in (select position from deleted)
    order by position
    limit $2
  ) as o
  cross join lateral (
    select event_id, event_type, payload, metadata, occurred_at
    from events
    where type = o.type and id = o.id and version = o.version
    limit 1
  ) as e
) as entry
where bytes_before < $3
order by position
