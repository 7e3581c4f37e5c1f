-- Claims the keys $1 that no command has, and returns them. In the order of the keys, so that two writers with the same
-- keys wait for each other only in one direction.
insert into command_results (idempotency_key, fingerprint, outcome)
select *
from unnest($1::text[], $2::bytea[], $3::jsonb[]) as claim (key, fingerprint, outcome)
order by key
on conflict (idempotency_key) do nothing
returning idempotency_key as key
