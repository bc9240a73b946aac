-- Of a tick and the hundred behind it the last one before so many events have been numbered; at least the tick itself.
create or replace function pgq._find_last_tick(
    in i_queue_id int4,
    in i_tick_id bigint,
    in i_until_seq bigint,
    out tick_id bigint,
    out tick_time timestamptz,
    out tick_event_seq bigint)
as $$
    select near.tick_id, near.tick_time, near.tick_event_seq
      from (select t.*
              from pgq.tick_log t
             where t.tick_queue = i_queue_id
               and t.tick_id >= i_tick_id
             order by t.tick_id
             limit 100) near
     where near.tick_event_seq <= i_until_seq
        or near.tick_id = i_tick_id
     order by near.tick_id desc
     limit 1;
$$ language sql stable;
