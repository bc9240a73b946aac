select pg_advisory_xact_lock(hashtextextended('sluice.migration', 0))::text
