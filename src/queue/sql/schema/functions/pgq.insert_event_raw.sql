-- The insert that sets every field: for events of another database's queue.
create or replace function pgq.insert_event_raw(
    queue_name text,
    ev_id bigint,
    ev_time timestamptz,
    ev_owner integer,
    ev_retry integer,
    ev_type text,
    ev_data text,
    ev_extra1 text,
    ev_extra2 text,
    ev_extra3 text,
    ev_extra4 text)
returns bigint as $$
declare
    id int4;
begin
    if queue_name is null then
        raise exception using errcode = 'internal_error', message = 'Queue name must not be NULL';
    end if;
    select q.queue_id into id from pgq.queue q where q.queue_name = insert_event_raw.queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    return pgq._put_event(id, true, ev_id, ev_time, ev_owner, ev_retry,
        ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
