-- The oldest entries with their events, at most $1 of them and about $2 bytes (always at least one).
-- The lateral subquery keeps a plan that was cached while the tables were empty on the primary key.
select position, type, id, event_id, event_type, payload, metadata, occurred_at
from (
  select
    o.position, o.type, o.id, e.event_id, e.event_type, e.payload, e.metadata, e.occurred_at,
    sum(octet_length(e.payload)) over (order by o.position) - octet_length(e.payload) as bytes_before
  from (select * from outbox order by position limit $1) as o
  cross join lateral (
    select event_id, event_type, payload, metadata, occurred_at
    from events
    where type = o.type and id = o.id and version = o.version
    limit 1
  ) as e
) as entry
where bytes_before < $2
order by position
