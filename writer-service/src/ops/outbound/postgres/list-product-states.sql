-- The next $4 products from $1 on ($3: without $1 itself) up to $2, in the order of ids, each with its own last event.
select
  p.id, p.version, p.name, p.description, p.category, p.price_cents, p.created_at, p.updated_at,
  p.deleted_at is not null as deleted,
  e.version as event_version, e.payload
from (
  select *
  from products
  where id >= $1::uuid and (id > $1::uuid or not $3::boolean) and id <= $2::uuid
  order by id
  limit $4
) as p
left join lateral (
  select version, payload
  from product_events
  where product_id = p.id
  order by version desc
  limit 1
) as e on true
order by p.id
