-- About how many entries wait: the number of positions between the oldest and the newest. A count would take longer
-- the more entries there are, exactly when there are too many.
select coalesce(max(position) - min(position) + 1, 0) as entries
from outbox
