select schema_name, table_name, state, snapshot_lsn::text, rows::text, bytes::text, copied_at::text,
  source_oid::text
from sluice.pipeline_table where pipeline = $1::text
order by schema_name, table_name
