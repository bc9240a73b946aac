select json_build_object(
  'oid', c.oid::int8,
  'isOwner', pg_has_role(c.relowner, 'USAGE'),
  'isSchemaOwner', pg_has_role(n.nspowner, 'USAGE'),
  'canUseSchema', has_schema_privilege(c.relnamespace, 'USAGE'),
  'canCreateInSchema', has_schema_privilege(c.relnamespace, 'CREATE'),
  'canSelect', has_table_privilege(c.oid, 'SELECT') or (
    select coalesce(bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT')), false)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'canInsert', has_table_privilege(c.oid, 'INSERT'),
  'canUpdate', has_table_privilege(c.oid, 'UPDATE'),
  'canDelete', has_table_privilege(c.oid, 'DELETE'),
  'canTruncate', has_table_privilege(c.oid, 'TRUNCATE')
)::text as facts
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::text::oid[])
order by c.oid
