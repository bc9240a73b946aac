-- The ticks that somebody may need: those where consumers are, the newest of each queue, and of the others as many
-- as the queue's own rules would have made. Where nodes of a cascade may go by them, all.
create or replace function pgq._live_ticks(out tick_queue int4, out tick_id bigint)
returns setof record as $$
declare
    keeps_all boolean := to_regclass('pgq_node.node_info') is not null;
begin
    return query
    select kept.tick_queue, kept.tick_id
      from pgq.queue q
      join pgq.queue_option o using (queue_id)
      join lateral (
             select k.*,
                    row_number() over (order by k.tick_id desc) as age,
                    row_number() over (
                      partition by k.tick_event_seq / greatest(q.queue_ticker_max_count, 1),
                                   floor(extract(epoch from k.tick_time)
                                         / greatest(extract(epoch from q.queue_ticker_max_lag), 0.001))
                      order by k.tick_id) as nr
               from pgq.tick_log k
              where k.tick_queue = q.queue_id
                and k.tick_id >= o.tick_floor) kept
        on kept.age <= 64 or kept.nr = 1 or keeps_all or not o.eager or q.queue_external_ticker
     union
    select s.sub_queue, unnest(array[s.sub_last_tick, s.sub_next_tick])
      from pgq.subscription s;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
