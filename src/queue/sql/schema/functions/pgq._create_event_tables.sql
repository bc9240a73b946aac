create or replace function pgq._create_event_tables(i_queue_id int4)
returns void as $$
declare
    queue pgq.queue;
    event_table text;
begin
    select * into queue from pgq.queue q where q.queue_id = i_queue_id;
    execute format('create sequence %s', pgq.quote_fqname(queue.queue_tick_seq));
    execute format('create sequence %s', pgq.quote_fqname(queue.queue_event_seq));
    execute format('create table %s () inherits (pgq.event_template)', pgq.quote_fqname(queue.queue_data_pfx));
    for nr in 0 .. queue.queue_ntables - 1 loop
        event_table := pgq.quote_fqname(queue.queue_data_pfx || '_' || nr);
        execute format('create table %s () inherits (%s)', event_table, pgq.quote_fqname(queue.queue_data_pfx));
        execute format('alter table %s alter column ev_id set default nextval(%L)',
            event_table, pgq.quote_fqname(queue.queue_event_seq));
        execute format('create index %I on %s (ev_txid)', format('event_%s_%s_txid_idx', i_queue_id, nr), event_table);
    end loop;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
