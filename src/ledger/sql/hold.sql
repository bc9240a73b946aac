select sluice.hold($1::text, $2::text::pg_lsn) as hold
