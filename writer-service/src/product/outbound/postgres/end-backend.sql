-- Ends the server process of a connection that we lost; a row for as long as it is still there.
select pg_terminate_backend(pid) as told
from pg_stat_activity
where pid = $1 and backend_start = $2::timestamptz
