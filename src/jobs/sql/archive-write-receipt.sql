insert into sluice_jobs.archive_receipt (job, source_xid, target_table, keys) values ($1, $2, $3, $4::jsonb)
