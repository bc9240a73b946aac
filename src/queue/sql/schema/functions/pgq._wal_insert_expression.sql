-- What pgq.insert_event does for a queue that lives in the WAL alone: the six fields as the text of a row, in UTF-8.
-- Of the encodings that were tried it takes the least time of the busy database.
create or replace function pgq._wal_insert_expression(i_queue_name text)
returns text as $$
    select format('pg_catalog.pg_logical_emit_message(true, %L, %s) operator(pg_catalog.-) ''0/0''::pg_catalog.pg_lsn',
        'pgq:' || i_queue_name,
        format(case when current_setting('server_encoding') in ('UTF8', 'SQL_ASCII') then '%s'
                    else 'pg_catalog.convert_to(%s, ''UTF8'')' end,
               'row(ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)::pg_catalog.text'));
$$ language sql set search_path = pg_catalog, pg_temp;
