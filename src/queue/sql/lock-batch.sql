-- Whoever finishes a batch waits for those who record events of it, and is waited for.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('pgq batch ' || $1, 0))
