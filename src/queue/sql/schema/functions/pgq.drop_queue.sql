create or replace function pgq.drop_queue(x_queue_name text, x_force bool)
returns integer as $$
declare
    queue pgq.queue;
begin
    select * into queue from pgq.queue q where q.queue_name = x_queue_name for update;
    if not found then
        raise exception 'No such event queue';
    end if;
    -- A ticker passes by whose lock it does not get, and does not wait for the locks of what is dropped.
    perform pg_advisory_xact_lock(hashtext('pgq.tick_log'), queue.queue_id);
    perform from pgq.queue_option o
      join pg_replication_slots l on l.slot_name = o.wal_slot
     where o.queue_id = queue.queue_id;
    if found then
        raise exception 'cannot drop queue, its slot would keep the WAL: drop that first (sluice queue drop does)';
    end if;
    if x_force then
        perform pgq.unregister_consumer(c.queue_name, c.consumer_name) from pgq.get_consumer_info(x_queue_name) c;
    else
        perform from pgq.subscriber s where s.sub_queue = queue.queue_id;
        if found then
            raise exception 'cannot drop queue, consumers still attached';
        end if;
    end if;
    for nr in 0 .. queue.queue_ntables - 1 loop
        execute format('drop table %s', pgq.quote_fqname(queue.queue_data_pfx || '_' || nr));
    end loop;
    execute format('drop table %s', pgq.quote_fqname(queue.queue_data_pfx));
    execute format('drop sequence %s, %s, pgq.event_%s_state', pgq.quote_fqname(queue.queue_tick_seq),
        pgq.quote_fqname(queue.queue_event_seq), queue.queue_id);
    execute format('drop function pgq.event_%s_insert(text, text, text, text, text, text)', queue.queue_id);
    delete from pgq.tick_log t where t.tick_queue = queue.queue_id;
    delete from pgq.queue q where q.queue_id = queue.queue_id;
    perform pgq._write_insert_event();
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq.drop_queue(x_queue_name text)
returns integer as $$
    select pgq.drop_queue(x_queue_name, false);
$$ language sql strict;
