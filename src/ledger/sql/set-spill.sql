update sluice.pipeline set spill = $3::text
where name = $1::text and epoch = $2::text::bigint
