select source_xid, target_table, keys::text as keys
  from sluice_jobs.archive_receipt
 where job = $1
 order by archived_at
