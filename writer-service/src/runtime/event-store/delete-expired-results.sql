-- Deletes at most $2 of those that are older than $1 milliseconds. Writers that do this at once do not wait for each
-- other. The rows are found by their place (ctid), which the lock keeps valid: no plan scans the table for them.
delete from command_results
where ctid = any (array(
  select ctid
  from command_results
  where created_at < now() - $1 * interval '1 millisecond'
  order by created_at
  limit $2
  for update skip locked
))
