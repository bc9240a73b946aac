-- Opens the next batch, or returns the one that is open. Nothing is written, not even a lock, when there is none.
-- It ends with the tick that pgq._find_next_tick finds, or, given i_max_count, with the last of those that lie
-- together within so many events.
create or replace function pgq._open_batch(
    in i_queue_name text,
    in i_consumer_name text,
    in i_min_lag interval,
    in i_min_count int4,
    in i_min_interval interval,
    in i_max_count int4,
    out batch_id int8,
    out cur_tick_id int8,
    out prev_tick_id int8,
    out cur_tick_time timestamptz,
    out prev_tick_time timestamptz,
    out cur_tick_event_seq int8,
    out prev_tick_event_seq int8)
as $$
declare
    subscriber record;
    next record;
    is_locked boolean := false;
begin
    loop
        subscriber := pgq._find_subscriber(i_queue_name, i_consumer_name);
        if subscriber.batch is not null then
            next := pgq._find_tick(subscriber.queue_id, subscriber.next_tick);
            batch_id := subscriber.batch;
            exit;
        end if;
        next := pgq._find_next_tick(subscriber.queue_id, subscriber.last_tick, subscriber.last_tick_time,
                                    subscriber.last_tick_seq, i_min_lag, i_min_count, i_min_interval);
        if next.tick_id is null then
            return;
        end if;
        if i_max_count is not null then
            next := pgq._find_last_tick(subscriber.queue_id, next.tick_id, subscriber.last_tick_seq + i_max_count);
        end if;
        exit when is_locked;
        -- In a statement of its own: what is read after it is what the one before has left.
        perform from pgq.subscriber s where s.sub_no = subscriber.sub_no for no key update;
        is_locked := true;
    end loop;
    if batch_id is null then
        batch_id := nextval('pgq.batch_id_seq');
        perform pgq._append_position(subscriber.sub_no, subscriber.step, subscriber.last_tick, batch_id, next.tick_id);
    end if;
    prev_tick_id := subscriber.last_tick;
    prev_tick_time := subscriber.last_tick_time;
    prev_tick_event_seq := subscriber.last_tick_seq;
    cur_tick_id := next.tick_id;
    cur_tick_time := next.tick_time;
    cur_tick_event_seq := next.tick_event_seq;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off;
