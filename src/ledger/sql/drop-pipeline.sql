with ranges as (delete from sluice.copy_range where pipeline = $1::text),
  journal as (delete from sluice.dropped_object where pipeline = $1::text),
  tables as (delete from sluice.pipeline_table where pipeline = $1::text)
delete from sluice.pipeline where name = $1::text
