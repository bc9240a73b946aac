select sluice.check_epoch($1::text, $2::text::bigint)::text
