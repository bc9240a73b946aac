-- Ordinary and partitioned tables a movement may be about: no system schema, none that belongs to an
-- extension, nothing temporary, not our own ledger, and no queue, whose ticks mean nothing on another server.
select json_build_object(
  'oid', c.oid::int8,
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'parentOid', (select i.inhparent::int8 from pg_inherits i where i.inhrelid = c.oid and c.relispartition)
)::text as facts
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sluice', 'sluice_jobs', 'pgq', 'pgq_ext', 'pgq_coop', 'pgq_node')
  and not exists (select from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname
