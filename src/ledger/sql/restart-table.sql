with ranges as (
  delete from sluice.copy_range
  where pipeline = $1::text and schema_name = $2::text and table_name = $3::text)
insert into sluice.pipeline_table (pipeline, schema_name, table_name, state, snapshot_lsn)
values ($1::text, $2::text, $3::text, 'pending', $4::text::pg_lsn)
on conflict (pipeline, schema_name, table_name) do update set
  state = 'pending', snapshot_lsn = excluded.snapshot_lsn, rows = null, bytes = null, copied_at = null
