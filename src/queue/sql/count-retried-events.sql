-- As count-late-events, in the original's schema.
select q.queue_name as queue, c.co_name as consumer,
       (select count(*) from pgq.retry_queue r where r.ev_queue = s.sub_queue and r.ev_owner = s.sub_id) as retried,
       0 as dead
  from pgq.subscription s
  join pgq.queue q on q.queue_id = s.sub_queue
  join pgq.consumer c on c.co_id = s.sub_consumer
 where $1::text is null or q.queue_name = $1
