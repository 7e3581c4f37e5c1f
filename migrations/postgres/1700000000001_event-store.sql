-- Up Migration

-- The state on which the next command is decided. Tombstones are kept: a deleted id is never reused.
create table aggregates (
  type text collate "C" not null,
  id uuid not null,
  version bigint not null check (version >= 1),
  state jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  primary key (type, id)
);
-- Every update leaves a dead row behind; free space in the pages keeps the updates heap-only.
alter table aggregates set (fillfactor = 80);

-- The event store: append-only.
create table events (
  type text collate "C" not null,
  id uuid not null,
  version bigint not null,
  event_id uuid not null unique,
  event_type text not null,
  payload bytea not null,
  metadata jsonb not null,
  occurred_at timestamptz not null,
  primary key (type, id, version)
);

create function refuse_change_of_event() returns trigger language plpgsql as $$
begin
  raise exception 'events is append-only';
end
$$;

create trigger events_append_only
  before update or delete or truncate on events
  for each statement execute function refuse_change_of_event();

-- The events that are not yet published. The relay deletes those that the broker acknowledged.
create table outbox (
  position bigint generated always as identity primary key,
  type text collate "C" not null,
  id uuid not null,
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

-- The results of the commands that had an idempotency key. The statement that carries out the command writes the row:
-- it claims the key, and it is what a repeated command gets.
create table command_results (
  idempotency_key text collate "C" primary key,
  fingerprint bytea not null,
  outcome jsonb not null,
  created_at timestamptz not null default now()
);
create index command_results_created_at on command_results (created_at);

-- Down Migration

drop table command_results;
drop table outbox;
drop table events;
drop function refuse_change_of_event;
drop table aggregates cascade;
