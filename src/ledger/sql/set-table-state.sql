insert into sluice.pipeline_table as t
  (pipeline, schema_name, table_name, state, snapshot_lsn, rows, bytes, copied_at, source_oid)
values ($1::text, $2::text, $3::text, $4::text, $5::text::pg_lsn, $6::text::bigint, $7::text::bigint,
  case when $4::text = 'copied' then clock_timestamp() end, $8::text::oid)
on conflict (pipeline, schema_name, table_name) do update set
  state = excluded.state,
  snapshot_lsn = coalesce(excluded.snapshot_lsn, t.snapshot_lsn),
  rows = coalesce(excluded.rows, t.rows),
  bytes = coalesce(excluded.bytes, t.bytes),
  copied_at = coalesce(excluded.copied_at, t.copied_at),
  source_oid = coalesce(excluded.source_oid, t.source_oid)
