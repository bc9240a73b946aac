-- An event that consumers get when its time has come. Its number is given now.
create or replace function pgq.insert_event_at(
    queue_name text,
    due timestamptz,
    ev_type text,
    ev_data text,
    ev_extra1 text default null,
    ev_extra2 text default null,
    ev_extra3 text default null,
    ev_extra4 text default null)
returns bigint as $$
declare
    queue pgq.queue;
    id bigint;
begin
    if due <= clock_timestamp() then
        return pgq.insert_event(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);
    end if;
    select * into queue from pgq.queue q where q.queue_name = insert_event_at.queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    perform pgq._check_insert(queue.queue_id);
    id := nextval(pgq.quote_fqname(queue.queue_event_seq));
    insert into pgq.delayed_event (ev_due, ev_queue, ev_id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
    values (due, queue.queue_id, id, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);
    return id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
