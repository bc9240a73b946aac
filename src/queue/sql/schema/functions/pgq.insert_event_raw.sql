-- The insert that sets every field: retried events, and those of another database's queue.
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
    queue pgq.queue;
    -- First of all, as in the queue's own insert function.
    txid bigint := txid_current();
    id bigint;
begin
    if queue_name is null then
        raise exception using errcode = 'internal_error', message = 'Queue name must not be NULL';
    end if;
    select * into queue from pgq.queue q where q.queue_name = insert_event_raw.queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    -- In any case: by the sequence a ticker sees that there is something new.
    id := nextval(pgq.quote_fqname(queue.queue_event_seq));
    id := coalesce(ev_id, id);
    execute format(
        'insert into %s (ev_id, ev_time, ev_txid, ev_owner, ev_retry,'
        || ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        || ' values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', pgq._open_event_table(queue.queue_id))
      using id, coalesce(ev_time, now()), txid, ev_owner, ev_retry,
            ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4;
    return id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
