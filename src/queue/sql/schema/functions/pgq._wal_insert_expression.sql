-- What pgq.insert_event does for a queue that lives in the WAL alone.
create or replace function pgq._wal_insert_expression(i_queue_id int4)
returns text as $$
    select format('pg_catalog.pg_logical_emit_message(true, ''pgq.%s'', pg_catalog.json_build_array('
        || 'ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)::text)'
        || ' operator(pg_catalog.-) ''0/0''::pg_catalog.pg_lsn', i_queue_id);
$$ language sql;
