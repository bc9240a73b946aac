-- For a queue that pgq.insert_event does not name (yet). It runs with the owner's rights, as that does: no operator of
-- the caller's may come in.
create or replace function pgq._insert_event_by_name(
    queue_name text,
    ev_type text,
    ev_data text,
    ev_extra1 text,
    ev_extra2 text,
    ev_extra3 text,
    ev_extra4 text)
returns bigint as $$
declare
    id int4;
    res bigint;
begin
    if queue_name is null then
        raise exception using errcode = 'internal_error', message = 'Queue name must not be NULL';
    end if;
    select q.queue_id into id from pgq.queue q where q.queue_name = _insert_event_by_name.queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    execute pg_catalog.format('select pgq.event_%s_insert($1, $2, $3, $4, $5, $6)', id)
       into res
      using ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4;
    return res;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
