-- These products, those that there are, each with its own last event.
select
  p.id, p.version, p.name, p.description, p.category, p.price_cents, p.created_at, p.updated_at,
  p.deleted_at is not null as deleted,
  e.version as event_version, e.payload
from products as p
left join lateral (
  select version, payload
  from product_events
  where product_id = p.id
  order by version desc
  limit 1
) as e on true
where p.id = any ($1::uuid[])
