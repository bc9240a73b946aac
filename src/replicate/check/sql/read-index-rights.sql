-- What the role lacks to make these indexes again: CREATE on a tablespace that is not the database's own, and USAGE
-- on each schema that the definition names something in. What is not written there (the default operator class of a
-- type, say) is not looked up, and needs none.
with index as (
  select x.indrelid, x.indexrelid, i.reltablespace, pg_get_indexdef(x.indexrelid) as definition
  from pg_index x join pg_class i on i.oid = x.indexrelid
  where x.indexrelid = any ($1::text::oid[])
)
select index.indrelid::int8::text as table_oid, 'CREATE' as privilege, 'tablespace' as kind,
  quote_ident(s.spcname) as object, current_user::text as grantee
from index join pg_tablespace s on s.oid = index.reltablespace
where not has_tablespace_privilege(s.oid, 'CREATE')
union
select index.indrelid::int8::text, 'USAGE', 'schema', quote_ident(n.nspname), current_user::text
from index
join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = index.indexrelid
cross join lateral pg_identify_object(d.refclassid, d.refobjid, 0) as named
join pg_namespace n on n.nspname = named.schema
where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
                       'pg_type'::regclass, 'pg_collation'::regclass)
  and position(quote_ident(n.nspname) || '.' in index.definition) > 0
  and not has_schema_privilege(n.oid, 'USAGE')
order by table_oid, kind, object
