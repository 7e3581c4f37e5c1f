insert into command_results (idempotency_key, fingerprint, outcome)
values ($1, $2, $3)
on conflict (idempotency_key) do nothing
