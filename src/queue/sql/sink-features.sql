-- Whether this database has what a sink needs, and whether this user may use it.
select f.oid is not null as is_ours,
       f.oid is not null
         and pg_catalog.has_schema_privilege('pgq', 'usage')
         and pg_catalog.has_function_privilege(f.oid, 'execute') as may_insert,
       current_user as user_name
  from (select pg_catalog.to_regprocedure(
                 'pgq.insert_event_unique(text, text, interval, text, text, text, text, text, text)')::oid as oid) f
