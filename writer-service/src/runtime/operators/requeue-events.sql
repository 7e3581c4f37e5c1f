-- Reads the next $5 events of the type $1 behind version $3 of id $2, up to id $4, in the order of id and version. Those
-- that occurred from $6 to before $7 go into the outbox again, in that order, unless this only counts ($8).
with scanned as (
  select type, id, version, occurred_at >= $6::timestamptz and occurred_at < $7::timestamptz as wanted
  from events
  where type = $1 and (id, version) > ($2::uuid, $3::bigint) and id <= $4::uuid
  order by id, version
  limit $5
),
queued as (
  insert into outbox (type, id, version)
  select type, id, version
  from scanned
  where wanted and not $8::boolean
  order by id, version
),
ending as (
  select id, version
  from scanned
  order by id desc, version desc
  limit 1
)
select
  (select count(*) from scanned) as scanned,
  (select count(*) from scanned where wanted) as queued,
  id as last_id,
  version as last_version
from ending
