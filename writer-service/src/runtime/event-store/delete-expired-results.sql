-- Deletes at most $2 of those that are older than $1 milliseconds. Writers that do this at once do not wait for each
-- other.
delete from command_results
where idempotency_key in (
  select idempotency_key
  from command_results
  where created_at < now() - $1 * interval '1 millisecond'
  order by created_at
  limit $2
  for update skip locked
)
