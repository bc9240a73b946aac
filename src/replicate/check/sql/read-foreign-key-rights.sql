-- What the role lacks to make these foreign keys again: their definitions name the table that they point at, and
-- point at it; that takes the privilege on the table, or on each of the columns.
select distinct
  key.conrelid::int8::text as table_oid, needed.privilege, needed.kind, needed.object,
  current_user::text as grantee
from pg_constraint key
join pg_class c on c.oid = key.confrelid
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (values
  ('USAGE', 'schema', quote_ident(n.nspname), has_schema_privilege(n.oid, 'USAGE')),
  ('REFERENCES', 'table', format('%I.%I', n.nspname, c.relname),
   has_table_privilege(c.oid, 'REFERENCES') or (
     select bool_and(has_column_privilege(c.oid, k.number, 'REFERENCES'))
     from unnest(key.confkey) as k (number)))
) as needed (privilege, kind, object, is_held)
where key.oid = any ($1::text::oid[]) and not needed.is_held
order by table_oid, kind, object
