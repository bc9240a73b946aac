-- What this user finds in a database, with or without queues, before anything is asked of a queue. may: what
-- the user may do of what is there; a kind of work that the database has no functions for is left out.
with work (kind, schema, name) as (
  values ('keep', 'pgq', 'ticker'), ('keep', 'pgq', 'maint_operations'), ('keep', 'pgq', 'maint_retry_events'),
         ('keep', 'pgq', 'maint_delayed_events'), ('keep', 'pgq', '_set_queue_state'), ('keep', 'pgq', 'next_due'),
         ('keep', 'pgq', 'create_queue'), ('keep', 'pgq', 'take_wal_queue'), ('keep', 'pgq', 'bury_message'),
         ('read', 'pgq', 'register_consumer'), ('read', 'pgq', 'next_batch_info'),
         ('read', 'pgq', 'get_batch_cursor'), ('read', 'pgq', 'finish_batch'), ('read', 'pgq', 'set_aside_events'),
         ('insert', 'pgq', 'current_event_table'), ('insert', 'pgq', 'insert_event'),
         ('track', 'pgq_ext', 'get_last_tick'), ('track', 'pgq_ext', 'set_last_tick'),
         ('track', 'pgq_ext', 'set_event_done'), ('track', 'pgq_ext', 'is_event_done')
), allowed as (
  select w.kind,
         bool_and(pg_catalog.has_schema_privilege(p.pronamespace, 'usage')
                  and pg_catalog.has_function_privilege(p.oid, 'execute')) as may
    from work w
    join pg_catalog.pg_namespace n on n.nspname = w.schema
    join pg_catalog.pg_proc p on p.pronamespace = n.oid and p.proname = w.name
   group by w.kind
)
select pg_catalog.json_build_object(
         'user', current_user,
         'isStandby', pg_catalog.pg_is_in_recovery(),
         'may', coalesce((select pg_catalog.json_object_agg(a.kind, a.may) from allowed a), '{}'),
         'mayReadVersion', coalesce(pg_catalog.has_table_privilege(
                             pg_catalog.to_regclass('pgq.migration'), 'select'), false),
         -- Ours holds the lock that become-ticker.sql takes; pgqd is known by what it last asked, to who may see that.
         'tickers', (select pg_catalog.string_agg(pg_catalog.format('%s (process %s)',
                              coalesce(nullif(a.application_name, ''), a.usename), a.pid), ', ' order by a.pid)
                       from pg_catalog.pg_stat_activity a
                      where a.datname = pg_catalog.current_database()
                        and a.pid <> pg_catalog.pg_backend_pid()
                        and (a.query ~* '\mpgq\.ticker\(\)'
                             or exists (select from pg_catalog.pg_locks l
                                         where l.pid = a.pid and l.granted and l.locktype = 'advisory'
                                           and l.classid = pg_catalog.hashtext('pgq')::bit(32)::bigint::oid
                                           and l.objid = pg_catalog.hashtext('ticker')::bit(32)::bigint::oid
                                           and l.objsubid = 2)))
       )::text as facts
