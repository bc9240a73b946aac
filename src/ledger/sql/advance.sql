select sluice.advance($1::text, $2::text::bigint, $3::text::pg_lsn, $4::text::pg_lsn) as hold
