select array_to_json(tables)::text as tables, tables_without_key
  from sluice.pipeline where name = $1::text and tables is not null
