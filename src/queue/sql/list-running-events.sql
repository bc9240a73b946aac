select q.queue_name as queue, c.co_name as consumer, r.ev_id as event, r.run_worker as worker,
       r.run_done as done, r.run_total as total, r.run_note as note
  from pgq.running_event r
  join pgq.queue q on q.queue_id = r.run_queue
  join pgq.subscription s on s.sub_queue = r.run_queue and s.sub_id = r.run_owner
  join pgq.consumer c on c.co_id = s.sub_consumer
 where $1::text is null or q.queue_name = $1
 order by 1, 2, r.run_started
