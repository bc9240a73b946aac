-- The end of a batch of a wished size: the newest tick if that is not more than twice too far, else the first
-- that is far enough.
create or replace function pgq.find_tick_helper(
    in i_queue_id int4,
    in i_prev_tick_id int8,
    in i_prev_tick_time timestamptz,
    in i_prev_tick_seq int8,
    in i_min_count int8,
    in i_min_interval interval,
    out next_tick_id int8,
    out next_tick_time timestamptz,
    out next_tick_seq int8)
as $$
declare
    newest record;
    counted bigint;
    passed interval;
begin
    select t.tick_id, t.tick_time, t.tick_event_seq into newest
      from pgq.tick_log t
     where t.tick_queue = i_queue_id
       and t.tick_id > i_prev_tick_id
     order by t.tick_id desc
     limit 1;
    counted := newest.tick_event_seq - i_prev_tick_seq;
    passed := greatest(newest.tick_time - i_prev_tick_time, i_prev_tick_time - newest.tick_time);
    if counted > i_min_count * 2 or passed > i_min_interval * 2 then
        select t.tick_id, t.tick_time, t.tick_event_seq into next_tick_id, next_tick_time, next_tick_seq
          from pgq.tick_log t
         where t.tick_queue = i_queue_id
           and t.tick_id > i_prev_tick_id
           and (t.tick_event_seq - i_prev_tick_seq >= i_min_count
                or greatest(t.tick_time - i_prev_tick_time, i_prev_tick_time - t.tick_time) >= i_min_interval)
         order by t.tick_id
         limit 1;
    elsif counted >= i_min_count or passed >= i_min_interval then
        next_tick_id := newest.tick_id;
        next_tick_time := newest.tick_time;
        next_tick_seq := newest.tick_event_seq;
    end if;
end;
$$ language plpgsql stable;
