-- Up Migration

-- The state that the next command is decided on. Tombstones stay: a deleted id never comes back.
create table products (
  id uuid primary key,
  version bigint not null check (version >= 1),
  name text not null,
  description text not null,
  category text not null,
  price_cents bigint not null check (price_cents >= 0),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
-- Every update leaves a dead row behind; free space in the pages keeps the updates heap-only.
alter table products set (fillfactor = 80);

-- The event store: append-only.
create table product_events (
  product_id uuid not null,
  version bigint not null,
  event_id uuid not null unique,
  type text not null,
  payload bytea not null,
  metadata jsonb not null,
  occurred_at timestamptz not null,
  primary key (product_id, version)
);

create function refuse_change_of_event() returns trigger language plpgsql as $$
begin
  raise exception 'product_events is append-only';
end
$$;

create trigger product_events_append_only
  before update or delete on product_events
  for each statement execute function refuse_change_of_event();

-- What is not yet published. The relay deletes what the broker acknowledged.
create table outbox (
  position bigint generated always as identity primary key,
  product_id uuid not null,
  version bigint not null
);
-- A queue: nearly every row is dead soon, so vacuum by count and not by share of the table.
alter table outbox set (
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0,
  autovacuum_vacuum_insert_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0
);

-- Down Migration

drop table outbox;
drop table product_events;
drop function refuse_change_of_event;
drop table products;
