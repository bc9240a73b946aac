-- Tables that change often, for where autovacuum does not do it.
create or replace function pgq.maint_tables_to_vacuum()
returns setof text as $$
    select n.nspname || '.' || t.relname
      from (values
             ('pgq', 'subscriber'), ('pgq', 'position_log'), ('pgq', 'consumer'), ('pgq', 'queue'), ('pgq', 'tick_log'),
             ('pgq', 'retry_queue'), ('pgq', 'delayed_event'), ('pgq', 'dead_event'), ('pgq', 'unique_event'),
             ('pgq', 'running_event'), ('pgq', 'queue_option'), ('pgq_ext', 'completed_tick'),
             ('pgq_ext', 'completed_batch'), ('pgq_ext', 'completed_event'), ('pgq_ext', 'partial_batch'),
             ('pgq_node', 'local_state'), ('londiste', 'seq_info'), ('txid', 'epoch'), ('londiste', 'completed')
           ) as often (schema_name, table_name)
      join pg_namespace n on n.nspname = often.schema_name
      join pg_class t on t.relnamespace = n.oid and t.relname = often.table_name and t.relkind = 'r'
     where current_setting('autovacuum') <> 'on';
$$ language sql set search_path = pg_catalog, pg_temp;
