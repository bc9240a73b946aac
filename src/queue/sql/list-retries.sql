select q.queue_name as queue,
       c.co_name as consumer,
       r.ev_id as event,
       r.ev_type as type,
       coalesce(r.ev_retry, 0) as tries,
       r.ev_retry_after as due_at
  from pgq.retry_queue r
  join pgq.queue q on q.queue_id = r.ev_queue
  join pgq.subscription s on s.sub_queue = r.ev_queue and s.sub_id = r.ev_owner
  join pgq.consumer c on c.co_id = s.sub_consumer
 where ($1::text is null or q.queue_name = $1)
   and ($2::text is null or c.co_name = $2)
 order by r.ev_retry_after, r.ev_id
