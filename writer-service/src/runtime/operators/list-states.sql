-- The next $5 aggregates of the type $1 from id $2 on ($4: without $2 itself) up to $3, in the order of ids, each with its
-- own last event.
select
  a.id, a.version, a.state, a.created_at, a.updated_at, a.deleted_at is not null as deleted,
  e.version as event_version, e.payload
from (
  select *
  from aggregates
  where type = $1 and id >= $2::uuid and (id > $2::uuid or not $4::boolean) and id <= $3::uuid
  order by id
  limit $5
) as a
left join lateral (
  select version, payload
  from events
  where type = a.type and id = a.id
  order by version desc
  limit 1
) as e on true
order by a.id
