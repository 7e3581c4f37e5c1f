select count(*) as events
from events
where type = $1 and id = $2
