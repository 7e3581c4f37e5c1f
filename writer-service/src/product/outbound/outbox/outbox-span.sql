-- About how many entries wait: positions between the oldest and the newest. Counting them would take longer the more
-- there are, just when there are too many.
select coalesce(max(position) - min(position) + 1, 0) as entries
from outbox
