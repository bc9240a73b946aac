create or replace function pgq.create_queue(i_queue_name text)
returns integer as $$
declare
    id int4;
begin
    if i_queue_name is null then
        raise exception 'Invalid NULL value';
    end if;
    perform from pgq.queue q where q.queue_name = i_queue_name;
    if found then
        return 0;
    end if;
    id := nextval('pgq.queue_queue_id_seq');
    insert into pgq.queue (queue_id, queue_name, queue_data_pfx, queue_event_seq, queue_tick_seq)
    values (id, i_queue_name, format('pgq.event_%s', id), format('pgq.event_%s_id_seq', id),
            format('pgq.event_%s_tick_seq', id));
    perform pgq._create_event_tables(id);
    perform pgq.grant_perms(i_queue_name);
    perform pgq.tune_storage(i_queue_name);
    perform pgq._prepare_queue(id);
    perform pgq._write_insert_event();
    perform pgq.ticker(i_queue_name);
    -- A ticker that sleeps does not know of this queue yet.
    perform pg_notify('pgq_wake', id::text);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
