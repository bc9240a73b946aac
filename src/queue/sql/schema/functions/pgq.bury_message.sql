-- Keeps a message of the WAL that is no event as a dead letter of the queue it was to come to; its consumer is called
-- `wal:` and the queue it came from. Its number.
create or replace function pgq.bury_message(
    i_queue_name text,
    i_from_queue text,
    i_time timestamptz,
    i_reason text,
    i_content text)
returns bigint as $$
declare
    queue pgq.queue;
    consumer int4;
    id bigint;
begin
    select * into queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception using errcode = 'internal_error', message = 'No such queue';
    end if;
    consumer := pgq._make_consumer('wal:' || i_from_queue);
    id := nextval(pgq.quote_fqname(queue.queue_event_seq));
    insert into pgq.dead_event (dead_queue, dead_consumer, dead_reason, dead_tries, ev_id, ev_time, ev_data)
    values (queue.queue_id, consumer, i_reason, 1, id, i_time, i_content);
    return id;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
