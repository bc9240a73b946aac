-- The table for COPY and the like, until this transaction ends. When it is filled nobody knows: a ticker that
-- sleeps is woken in any case.
create or replace function pgq.current_event_table(x_queue_name text)
returns text as $$
declare
    queue pgq.queue;
    state bigint;
begin
    -- Before the state is read: rotation knows by it that this transaction may write to the table before.
    perform txid_current();
    select * into queue from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Event queue not found';
    end if;
    if queue.queue_disable_insert and current_setting('session_replication_role') <> 'replica' then
        raise exception 'Writing to queue disabled';
    end if;
    state := pg_sequence_last_value(format('pgq.event_%s_state', queue.queue_id));
    perform pg_notify('pgq_wake', queue.queue_id::text);
    return queue.queue_data_pfx || '_' || (state & 15);
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
