select pg_try_advisory_lock(hashtextextended('lockstep.outbox.relay', 0)) as locked
