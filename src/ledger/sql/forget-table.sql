with ranges as (
  delete from sluice.copy_range
  where pipeline = $1::text and schema_name = $2::text and table_name = $3::text)
delete from sluice.pipeline_table
where pipeline = $1::text and schema_name = $2::text and table_name = $3::text
