-- The oldest entries with their events, at most $1 of them and about $2 bytes (always at least one).
select position, product_id, event_id, type, payload, metadata, occurred_at
from (
  select
    o.position, e.product_id, e.event_id, e.type, e.payload, e.metadata, e.occurred_at,
    sum(octet_length(e.payload)) over (order by o.position) - octet_length(e.payload) as bytes_before
  from (select * from outbox order by position limit $1) as o
  join product_events as e using (product_id, version)
) as entry
where bytes_before < $2
order by position
