-- The tick that a queue is made with counts one event, as a sequence cannot say 0.
select i.queue_name as queue,
       i.consumer_name as consumer,
       extract(epoch from i.lag) as lag_seconds,
       extract(epoch from i.last_seen) as last_seen_seconds,
       i.last_tick,
       i.current_batch as batch,
       i.pending_events
         + (i.last_tick = 1
            and exists (select from pgq.tick t where t.tick_queue = q.queue_id and t.tick_id > 1)
            and pg_catalog.pg_sequence_last_value(q.queue_event_seq::regclass) is not null)::int as pending_events
  from pgq.get_consumer_info() i
  join pgq.queue q on q.queue_name = i.queue_name
 where $1::text is null or i.queue_name = $1
 order by 1, 2
