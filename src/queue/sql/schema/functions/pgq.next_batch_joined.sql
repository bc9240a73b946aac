-- As pgq.next_batch_info, of all ticks that there are, as long as that makes no more than about i_max_count events:
-- a consumer that is behind catches up in fewer steps.
create or replace function pgq.next_batch_joined(
    in i_queue_name text,
    in i_consumer_name text,
    in i_max_count int4,
    out batch_id int8,
    out cur_tick_id int8,
    out prev_tick_id int8,
    out cur_tick_time timestamptz,
    out prev_tick_time timestamptz,
    out cur_tick_event_seq int8,
    out prev_tick_event_seq int8)
as $$
    select * from pgq._open_batch(i_queue_name, i_consumer_name, null, null, null, i_max_count);
$$ language sql security definer set search_path = pg_catalog, pg_temp;
