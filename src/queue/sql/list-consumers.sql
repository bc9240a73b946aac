select i.queue_name as queue,
       i.consumer_name as consumer,
       extract(epoch from i.lag) as lag_seconds,
       extract(epoch from i.last_seen) as last_seen_seconds,
       i.last_tick,
       i.current_batch as batch,
       i.pending_events
  from pgq.get_consumer_info() i
 where $1::text is null or i.queue_name = $1
 order by 1, 2
