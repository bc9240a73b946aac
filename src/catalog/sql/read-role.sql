select json_build_object(
  'name', r.rolname,
  'isSuperuser', r.rolsuper,
  -- Amazon RDS gives its own role instead of the attribute.
  'canReplicate', r.rolsuper or r.rolreplication or exists (
    select from pg_roles m where m.rolname = 'rds_replication' and pg_has_role(m.oid, 'MEMBER')),
  'bypassesRowSecurity', r.rolsuper or r.rolbypassrls,
  'canCreateInDatabase', has_database_privilege(current_database(), 'CREATE'),
  'canCreateTemporary', has_database_privilege(current_database(), 'TEMPORARY'),
  'canReadAllStats', pg_has_role('pg_read_all_stats', 'USAGE'),
  'maySetReplicationRole', has_parameter_privilege('session_replication_role', 'SET'),
  'ledger', (select json_build_object(
               'canUse', has_schema_privilege(n.oid, 'USAGE') and not exists (
                 select from pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) as privilege
                 where c.relnamespace = n.oid and c.relkind = 'r'
                   and not has_table_privilege(c.oid, privilege)),
               'canCreate', has_schema_privilege(n.oid, 'CREATE'))
             from pg_namespace n where n.nspname = 'sluice')
)::text as facts
from pg_roles r
where r.rolname = current_user
