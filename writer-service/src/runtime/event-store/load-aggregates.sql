-- The states of these aggregates, tombstones included; $1 has their types and $2 their ids.
-- The lateral subquery keeps a plan that was cached while the table was empty on the primary key.
select a.*
from unnest($1::text[], $2::uuid[]) as target (type, id)
cross join lateral (
  select type, id, version, state, created_at, updated_at
  from aggregates
  where type = target.type and id = target.id
  limit 1
) as a
