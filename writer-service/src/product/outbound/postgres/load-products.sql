select id, version, name, description, category, price_cents, created_at, updated_at, deleted_at
from products
where id = any ($1::uuid[])
