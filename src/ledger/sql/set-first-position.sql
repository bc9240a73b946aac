update sluice.pipeline set position = $3::text::pg_lsn, written_at = clock_timestamp()
where name = $1::text and epoch = $2::text::bigint and position is null
