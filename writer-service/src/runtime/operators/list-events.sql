-- The next $6 events of the type $1 behind version $3 of id $2, up to version $5 of id $4, in the order of id and version.
select id, version, payload, occurred_at
from events
where type = $1 and (id, version) > ($2::uuid, $3::bigint) and (id, version) <= ($4::uuid, $5::bigint)
order by id, version
limit $6
