insert into sluice.dropped_object
  (pipeline, schema_name, table_name, ordinal, kind, object_name, definition)
values ($1::text, $2::text, $3::text, $4::text::int, $5::text, $6::text, $7::text)
on conflict (pipeline, schema_name, table_name, ordinal) do update set
  kind = excluded.kind, object_name = excluded.object_name, definition = excluded.definition,
  dropped_at = now(), restored_at = null
where dropped_object.restored_at is not null
