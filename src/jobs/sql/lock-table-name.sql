select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('sluice jobs table ' || $1, 0))::text
