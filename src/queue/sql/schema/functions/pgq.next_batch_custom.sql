-- As pgq.next_batch_info, when the batch has so many events or is so long, and so old.
create or replace function pgq.next_batch_custom(
    in i_queue_name text,
    in i_consumer_name text,
    in i_min_lag interval,
    in i_min_count int4,
    in i_min_interval interval,
    out batch_id int8,
    out cur_tick_id int8,
    out prev_tick_id int8,
    out cur_tick_time timestamptz,
    out prev_tick_time timestamptz,
    out cur_tick_event_seq int8,
    out prev_tick_event_seq int8)
as $$
    select * from pgq._open_batch(i_queue_name, i_consumer_name, i_min_lag, i_min_count, i_min_interval, null);
$$ language sql security definer set search_path = pg_catalog, pg_temp;
