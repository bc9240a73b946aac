select schema_name, table_name, ordinal::text, kind, object_name, definition, restored_at::text
from sluice.dropped_object
where pipeline = $1::text and restored_at is null
order by schema_name, table_name, ordinal
