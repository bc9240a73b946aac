select pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('pgq batch ' || $1, 0))
