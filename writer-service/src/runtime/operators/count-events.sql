-- How many events the store has of the type $1: counted up to 100,000. Beyond that it is the planner's estimate for all
-- types.
select
  case
    when counted < 100000 then counted
    else greatest(counted, (select reltuples::bigint from pg_class where oid = 'events'::regclass))
  end as events
from (select count(*) as counted from (select from events where type = $1 limit 100000) as event) as sample
