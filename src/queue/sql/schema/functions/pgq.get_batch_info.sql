create or replace function pgq.get_batch_info(
    in x_batch_id bigint,
    out queue_name text,
    out consumer_name text,
    out batch_start timestamptz,
    out batch_end timestamptz,
    out prev_tick_id bigint,
    out tick_id bigint,
    out lag interval,
    out seq_start bigint,
    out seq_end bigint)
as $$
    select q.queue_name, c.co_name, prev.tick_time, cur.tick_time, b.last_tick, b.next_tick,
           current_timestamp - cur.tick_time, prev.tick_event_seq, cur.tick_event_seq
      from pgq._find_batch(x_batch_id) b
      join pgq.queue q on q.queue_id = b.sub_queue
      join pgq.consumer c on c.co_id = b.sub_consumer
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.last_tick limit 1) prev
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.next_tick limit 1) cur;
$$ language sql;
