insert into sluice.copy_range
  (pipeline, schema_name, table_name, range_no, first_block, end_block, snapshot_lsn, rows)
values ($1::text, $2::text, $3::text, $4::text::int, $5::text::bigint, $6::text::bigint,
  $7::text::pg_lsn, $8::text::bigint)
