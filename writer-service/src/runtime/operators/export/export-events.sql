-- The next $4 events of the type $1 behind version $3 of id $2, in the order of id and version.
select id, version, event_id, event_type, payload, metadata, occurred_at
from events
where type = $1 and (id, version) > ($2::uuid, $3::bigint)
order by id, version
limit $4
