delete from sluice_jobs.archive_receipt where job = $1 and source_xid = $2 and target_table = $3
