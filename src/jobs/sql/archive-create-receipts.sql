create schema if not exists sluice_jobs;
create table if not exists sluice_jobs.archive_receipt (
  job text not null,
  source_xid text not null,
  target_table text not null,
  keys jsonb not null,
  archived_at timestamptz not null default pg_catalog.now(),
  primary key (job, source_xid, target_table)
)
