-- The tick that ends the batch after another tick, or nulls when it is not time yet.
create or replace function pgq._find_next_tick(
    in i_queue_id int4,
    in i_prev_tick_id bigint,
    in i_prev_tick_time timestamptz,
    in i_prev_tick_seq bigint,
    in i_min_lag interval,
    in i_min_count int4,
    in i_min_interval interval,
    out tick_id bigint,
    out tick_time timestamptz,
    out tick_event_seq bigint)
as $$
begin
    if i_min_count is null and i_min_interval is null then
        select t.tick_id, t.tick_time, t.tick_event_seq into tick_id, tick_time, tick_event_seq
          from pgq.tick_log t
         where t.tick_queue = i_queue_id
           and t.tick_id > i_prev_tick_id
         order by t.tick_id
         limit 1;
    else
        select f.next_tick_id, f.next_tick_time, f.next_tick_seq into tick_id, tick_time, tick_event_seq
          from pgq.find_tick_helper(i_queue_id, i_prev_tick_id, i_prev_tick_time, i_prev_tick_seq,
                                    i_min_count, i_min_interval) f;
    end if;
    if i_min_lag is not null and greatest(now() - tick_time, tick_time - now()) < i_min_lag then
        tick_id := null;
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
