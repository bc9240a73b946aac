create or replace function pgq._find_tick(
    in i_queue_id int4,
    in i_tick_id bigint,
    out tick_id bigint,
    out tick_time timestamptz,
    out tick_event_seq bigint)
as $$
    select t.tick_id, t.tick_time, t.tick_event_seq
      from pgq.tick_log t
     where t.tick_queue = i_queue_id
       and t.tick_id = i_tick_id;
$$ language sql stable;
