update sluice.dropped_object set restored_at = now()
where pipeline = $1::text and schema_name = $2::text and table_name = $3::text
  and ordinal = $4::text::int and restored_at is null
