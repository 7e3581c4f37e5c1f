select idempotency_key as key, fingerprint, outcome
from command_results
where idempotency_key = any ($1::text[])
