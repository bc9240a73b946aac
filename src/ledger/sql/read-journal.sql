select schema_name, table_name, ordinal::text, kind, object_name, definition, restored_at::text
from sluice.dropped_object
where pipeline = $1::text and restored_at is null
  and ($2::text is null or (schema_name = $2 and table_name = $3::text))
order by schema_name, table_name, ordinal
