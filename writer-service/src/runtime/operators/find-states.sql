-- The aggregates of the type $1 with these ids, if they exist, each with its own last event.
select
  a.id, a.version, a.state, a.created_at, a.updated_at, a.deleted_at is not null as deleted,
  e.version as event_version, e.payload
from unnest($2::uuid[]) as target (id)
cross join lateral (
  select *
  from aggregates
  where type = $1 and id = target.id
  limit 1
) as a
left join lateral (
  select version, payload
  from events
  where type = a.type and id = a.id
  order by version desc
  limit 1
) as e on true
