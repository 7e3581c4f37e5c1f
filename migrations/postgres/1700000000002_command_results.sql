-- Up Migration

-- What became of the commands that came with an idempotency key. A row is written by the statement that carries
-- the command out: it is the claim on the key, and the answer to whoever repeats the command.
create table command_results (
  idempotency_key text collate "C" primary key,
  fingerprint bytea not null,
  outcome jsonb not null,
  created_at timestamptz not null default now()
);
create index command_results_created_at on command_results (created_at);

-- Down Migration

drop table command_results;
