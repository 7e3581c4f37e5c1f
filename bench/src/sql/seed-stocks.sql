-- Stores $1 stocks; their ids are the numbers from 1.
insert into aggregates (type, id, version, state, created_at, updated_at)
select 'stock', lpad(to_hex(n), 32, '0')::uuid, 1, '{"onHand": 1000000, "reservations": []}', now(), now()
from generate_series(1, $1::bigint) as n
