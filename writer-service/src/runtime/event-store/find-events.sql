select event_id
from events
where event_id = any ($1::uuid[])
