select q.queue_name as queue, count(*) as events
  from pgq.delayed_event d
  join pgq.queue q on q.queue_id = d.ev_queue
 group by 1
