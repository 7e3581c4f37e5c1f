-- Ends the server process of a lost connection; returns a row while the process still exists.
select pg_terminate_backend(pid) as signalled
from pg_stat_activity
where pid = $1 and backend_start = $2::timestamptz
