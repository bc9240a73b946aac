-- An event that comes once within a time, whoever inserts it: null when another with this key is there already.
-- i_window null: for ever. Whoever inserts the same key meanwhile waits for this transaction.
create or replace function pgq.insert_event_unique(
    queue_name text,
    i_key text,
    i_window interval,
    ev_type text,
    ev_data text,
    ev_extra1 text default null,
    ev_extra2 text default null,
    ev_extra3 text default null,
    ev_extra4 text default null)
returns bigint as $$
declare
    id int4;
begin
    select q.queue_id into id from pgq.queue q where q.queue_name = insert_event_unique.queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    insert into pgq.unique_event as u (unq_queue, unq_key, unq_until)
    values (id, i_key, coalesce(clock_timestamp() + i_window, 'infinity'))
    on conflict (unq_queue, unq_key) do update
       set unq_until = excluded.unq_until
     where u.unq_until <= clock_timestamp();
    if not found then
        return null;
    end if;
    return pgq.insert_event(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
