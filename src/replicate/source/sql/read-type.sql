select pg_catalog.json_build_object(
  -- As a catalog's Column names it; null for what cannot be told without its parts.
  'shape', case
    when base.typtype = 'e' then 'enum'
    when base.typtype = 'b' and base.typcategory <> 'A'
      and base.typnamespace = 'pg_catalog'::pg_catalog.regnamespace then base.typname
  end,
  'modifier', case when given.typtype = 'd' then given.typtypmod else -1 end,
  'labels', (select coalesce(pg_catalog.json_agg(label.enumlabel order by label.enumsortorder), '[]')
             from pg_catalog.pg_enum as label where label.enumtypid = base.oid),
  'name', pg_catalog.format_type(given.oid, $2::integer)
)::text as facts
from pg_catalog.pg_type as given
join pg_catalog.pg_type as base
  on base.oid = case when given.typtype = 'd' then given.typbasetype else given.oid end
where given.oid = $1::oid
