-- The events of the type $1 with these ids ($2) and versions ($3), if they exist.
-- The lateral subquery keeps a plan that was cached while the table was empty on the primary key.
select e.*
from unnest($2::uuid[], $3::bigint[]) as target (id, version)
cross join lateral (
  select id, version, payload, occurred_at
  from events
  where type = $1 and id = target.id and version = target.version
  limit 1
) as e
