-- Counted up to $1.
select count(*) as entries
from (select from outbox limit $1) as entry
