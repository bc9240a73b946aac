-- No row: there is no such table. missing: of the given privileges those that this user does not have.
select (select pg_catalog.string_agg(p.name, ', ')
          from pg_catalog.unnest(pg_catalog.string_to_array($3, ' ')) as p (name)
         where not pg_catalog.has_table_privilege(c.oid, p.name)) as missing,
       current_user as user_name
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'f')
