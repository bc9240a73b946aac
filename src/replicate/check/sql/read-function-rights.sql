-- Functions that rows of these tables ($1) are put through, and that somebody may not call: whoever writes the rows,
-- those of indexes, check constraints and stored generated columns; the table's owner, in whose name every index is
-- built, those of the indexes that are made again ($2).
with expression as (
  select x.indrelid as table_oid, 'pg_class'::regclass as classid, x.indexrelid as objid,
    x.indexrelid = any ($2::text::oid[]) as is_restored
  from pg_index x
  union all
  select con.conrelid, 'pg_constraint'::regclass, con.oid, false
  from pg_constraint con where con.contype = 'c'
  union all
  select def.adrelid, 'pg_attrdef'::regclass, def.oid, false
  from pg_attrdef def join pg_attribute a on a.attrelid = def.adrelid and a.attnum = def.adnum
  where a.attgenerated = 's'
),
called as (
  select e.table_oid, e.is_restored, coalesce(op.oprcode::oid, d.refobjid) as function
  from expression e
  join pg_depend d on d.classid = e.classid and d.objid = e.objid
  left join pg_operator op on d.refclassid = 'pg_operator'::regclass and op.oid = d.refobjid
  where e.table_oid = any ($1::text::oid[])
    and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
)
select distinct
  c.oid::int8::text as table_oid, 'EXECUTE' as privilege, 'function' as kind,
  called.function::regprocedure::text as object, caller.name::text as grantee, caller.purpose
from called
join pg_class c on c.oid = called.table_oid
cross join lateral (values
  ('write', current_user, true),
  ('restore', pg_get_userbyid(c.relowner), called.is_restored)
) as caller (purpose, name, is_meant)
where caller.is_meant and not has_function_privilege(caller.name, called.function, 'EXECUTE')
order by table_oid, object
