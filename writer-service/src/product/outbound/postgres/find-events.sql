select event_id
from product_events
where event_id = any ($1::uuid[])
