-- Foreign keys of these tables, and those that point at them.
select json_build_object(
  'oid', con.oid::int8,
  'name', con.conname,
  'tableOid', con.conrelid::int8,
  'table', json_build_object('schema', n.nspname, 'name', c.relname),
  'columns', (select json_agg(a.attname order by k.position)
              from unnest(con.conkey) with ordinality as k (number, position)
              join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.number),
  'referencedOid', con.confrelid::int8,
  'referenced', json_build_object('schema', rn.nspname, 'name', r.relname),
  'referencedColumns', (select json_agg(a.attname order by k.position)
              from unnest(con.confkey) with ordinality as k (number, position)
              join pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.number),
  'referencedIndexOid', con.conindid::int8,
  'definition', pg_get_constraintdef(con.oid),
  'isValidated', con.convalidated,
  'isEnforced', coalesce((to_jsonb(con) ->> 'conenforced')::boolean, true),
  'isDeferrable', con.condeferrable,
  'isInherited', con.conparentid <> 0,
  'onDelete', con.confdeltype,
  'onUpdate', con.confupdtype,
  'comment', obj_description(con.oid, 'pg_constraint'),
  'hasChangedTriggers', exists (select from pg_trigger t
                                where t.tgconstraint = con.oid and t.tgenabled <> 'O'),
  'isOfExtension', exists (select from pg_depend d where d.classid = 'pg_constraint'::regclass
                           and d.objid = con.oid and d.deptype = 'e')
)::text as facts
from pg_constraint con
join pg_class c on c.oid = con.conrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_class r on r.oid = con.confrelid
join pg_namespace rn on rn.oid = r.relnamespace
where con.contype = 'f'
  and (con.conrelid = any ($1::text::oid[]) or con.confrelid = any ($1::text::oid[]))
order by n.nspname, c.relname, con.conname
