select pg_advisory_xact_lock(sluice.epoch_lock($1::text))::text
