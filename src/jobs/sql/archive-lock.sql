select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('sluice archiver ' || $1, 0))::text as locked
