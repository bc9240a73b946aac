-- Functions that rows of these tables ($1) are put through, and that somebody may not call: whoever writes the rows,
-- those of indexes, check constraints, stored generated columns and the domains in the columns' types; the table's
-- owner, in whose name every index is built, those of the indexes that are made again ($2). Of functions only bodies
-- that the catalog knows are looked into (RETURN, BEGIN ATOMIC); a SECURITY DEFINER function calls as its owner.
with recursive started as (
  select x.indrelid as table_oid, 'pg_class'::regclass::oid as class, x.indexrelid as object,
    x.indexrelid = any ($2::text::oid[]) as is_restored
  from pg_index x
  union all
  select con.conrelid, 'pg_constraint'::regclass, con.oid, false
  from pg_constraint con where con.contype = 'c'
  union all
  select def.adrelid, 'pg_attrdef'::regclass, def.oid, false
  from pg_attrdef def join pg_attribute a on a.attrelid = def.adrelid and a.attnum = def.adnum
  where a.attgenerated = 's'
  union all
  select a.attrelid, 'pg_type'::regclass, a.atttypid, false
  from pg_attribute a
  where a.attnum > 0 and not a.attisdropped
    and a.atttypid >= 16384 -- of a fresh server's types none is a domain with functions of somebody's
),
reached as (
  select s.table_oid, caller.purpose, caller.role, s.class, s.object
  from started s
  join pg_class c on c.oid = s.table_oid
  cross join lateral (values
    ('write', (select r.oid from pg_roles r where r.rolname = current_user), true),
    ('restore', c.relowner, s.is_restored)
  ) as caller (purpose, role, is_meant)
  where s.table_oid = any ($1::text::oid[]) and caller.is_meant
  union
  select r.table_oid, r.purpose, coalesce(f.proowner, r.role), next.class, next.object
  from reached r
  left join pg_proc f
    on r.class = 'pg_proc'::regclass and f.oid = r.object and f.prosecdef
  cross join lateral (
    select d.refclassid as class, d.refobjid as object
    from pg_depend d
    where d.classid = r.class and d.objid = r.object
      and r.class not in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
      and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
    union all
    select d.refclassid, d.refobjid
    from pg_proc p
    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid
    where r.class = 'pg_proc'::regclass and p.oid = r.object and p.prosqlbody is not null
      and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass)
      and not (d.refclassid = 'pg_proc'::regclass and d.refobjid = p.prosupport)
    union all
    select 'pg_proc'::regclass, op.oprcode
    from pg_operator op
    where r.class = 'pg_operator'::regclass and op.oid = r.object
    union all
    select 'pg_constraint'::regclass, con.oid
    from pg_constraint con
    where r.class = 'pg_type'::regclass and con.contypid = r.object
    union all
    select 'pg_type'::regclass, part.type
    from pg_type t
    cross join lateral (
      select unnest(array[t.typbasetype, t.typelem])
      union all
      select a.atttypid from pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      union all
      select g.rngsubtype from pg_range g where g.rngtypid = t.oid
      union all
      select g.rngtypid from pg_range g where g.rngmultitypid = t.oid
    ) as part (type)
    where r.class = 'pg_type'::regclass and t.oid = r.object and part.type <> 0
  ) as next
)
select distinct
  r.table_oid::int8::text as table_oid, 'EXECUTE' as privilege, 'function' as kind,
  r.object::regprocedure::text as object, pg_get_userbyid(r.role)::text as grantee, r.purpose
from reached r
where r.class = 'pg_proc'::regclass and not has_function_privilege(r.role, r.object, 'EXECUTE')
order by table_oid, object
