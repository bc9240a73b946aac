select json_build_object(
  'oid', c.oid::int8,
  'schema', n.nspname,
  'name', c.relname,
  'typeName', format_type(s.seqtypid, null),
  'start', s.seqstart::text,
  'increment', s.seqincrement::text,
  'minimum', s.seqmin::text,
  'maximum', s.seqmax::text,
  'cache', s.seqcache::text,
  'cycles', s.seqcycle,
  'persistence', c.relpersistence,
  'lastValue', case when has_sequence_privilege(c.oid, 'SELECT,USAGE')
                    then pg_sequence_last_value(c.oid)::text end,
  'ownedBy', (
    select json_build_object('schema', tn.nspname, 'name', t.relname, 'column', a.attname,
                             'isIdentity', d.deptype = 'i')
    from pg_depend d
    join pg_class t on t.oid = d.refobjid
    join pg_namespace tn on tn.oid = t.relnamespace
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
      and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
)::text as facts
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't'
  and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'sluice', 'sluice_jobs', 'pgq', 'pgq_ext', 'pgq_coop', 'pgq_node')
  and not exists (select from pg_depend d
                  where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname
