select fingerprint, outcome
from command_results
where idempotency_key = $1
