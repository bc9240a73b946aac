select q.queue_name as queue,
       c.co_name as consumer,
       d.ev_id as event,
       d.ev_type as type,
       d.ev_data as data,
       d.dead_tries as tries,
       d.dead_time as died_at,
       d.dead_reason as reason
  from pgq.dead_event d
  join pgq.queue q on q.queue_id = d.dead_queue
  join pgq.consumer c on c.co_id = d.dead_consumer
 where ($1::text is null or q.queue_name = $1)
   and ($2::text is null or c.co_name = $2)
 order by d.dead_time, d.ev_id
