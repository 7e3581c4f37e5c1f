-- Looks at the next $4 events behind version $2 of product $1, up to product $3, in the order of product and version.
-- Those that occurred from $5 to before $6 go into the outbox again, in that order, unless this only counts ($7).
with scanned as (
  select product_id, version, occurred_at >= $5::timestamptz and occurred_at < $6::timestamptz as wanted
  from product_events
  where (product_id, version) > ($1::uuid, $2::bigint) and product_id <= $3::uuid
  order by product_id, version
  limit $4
),
queued as (
  insert into outbox (product_id, version)
  select product_id, version
  from scanned
  where wanted and not $7::boolean
  order by product_id, version
),
ending as (
  select product_id, version
  from scanned
  order by product_id desc, version desc
  limit 1
)
select
  (select count(*) from scanned) as scanned,
  (select count(*) from scanned where wanted) as queued,
  product_id as last_id,
  version as last_version
from ending
