select count(*) as events
from product_events
where product_id = $1
