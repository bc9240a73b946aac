select min(t.tick_id) as first, max(t.tick_id) as last, coalesce(bool_or(t.tick_id = $2::int8), false) as is_there
  from pgq.tick t
  join pgq.queue q on q.queue_id = t.tick_queue
 where q.queue_name = $1
