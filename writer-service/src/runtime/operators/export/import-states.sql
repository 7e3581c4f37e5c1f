-- Stores the states after the events of a batch. The batch before may have stored an earlier state of the first one.
insert into aggregates (type, id, version, state, created_at, updated_at, deleted_at)
select type, id, version, state, created_at, updated_at, case when deleted then updated_at end
from unnest(
  $1::text[], $2::uuid[], $3::bigint[], $4::jsonb[], $5::timestamptz[], $6::timestamptz[], $7::boolean[]
) as t (type, id, version, state, created_at, updated_at, deleted)
on conflict (type, id) do update
set version = excluded.version,
    state = excluded.state,
    updated_at = excluded.updated_at,
    deleted_at = excluded.deleted_at
