-- How many events the store has: counted up to 100,000, and beyond that what the planner believes.
select
  case
    when counted < 100000 then counted
    else greatest(counted, (select reltuples::bigint from pg_class where oid = 'product_events'::regclass))
  end as events
from (select count(*) as counted from (select from product_events limit 100000) as event) as sample
