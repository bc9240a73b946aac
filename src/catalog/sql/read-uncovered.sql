-- What a movement of tables does not carry.
select json_build_object('kind', kind, 'schema', schema_name, 'name', object_name)::text as facts
from (
  select case when c.relkind = 'm' then 'materialized view'
              when c.relkind = 'f' then 'foreign table'
              else 'unlogged table' end,
    n.nspname, c.relname
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where (c.relkind in ('m', 'f') or (c.relkind in ('r', 'p') and c.relpersistence = 'u'))
    and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sluice', 'sluice_jobs', 'pgq', 'pgq_ext', 'pgq_coop', 'pgq_node')
    and not exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  union all
  -- Tables of extensions that hold rows of the user's: pg_dump carries those, we do not.
  select 'extension table', n.nspname, c.relname
  from pg_extension x
  cross join lateral unnest(x.extconfig) as config (oid)
  join pg_class c on c.oid = config.oid and c.relkind in ('r', 'p')
  join pg_namespace n on n.oid = c.relnamespace
) as uncovered (kind, schema_name, object_name)
order by kind, schema_name, object_name
