select pg_catalog.to_regclass('sluice_jobs.archive_receipt')::text as found
