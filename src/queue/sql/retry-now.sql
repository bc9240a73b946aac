with due as (
  update pgq.retry_queue r
     set ev_retry_after = pg_catalog.now()
    from pgq.queue q, pgq.subscription s, pgq.consumer c
   where q.queue_id = r.ev_queue
     and s.sub_queue = r.ev_queue
     and s.sub_id = r.ev_owner
     and c.co_id = s.sub_consumer
     and ($1::text is null or q.queue_name = $1)
     and ($2::text is null or c.co_name = $2)
     -- A lease is no wait: its event is being handled.
     and not exists (
           select from pgq.running_event g
            where g.run_owner = r.ev_owner and g.ev_id = r.ev_id and g.run_until is not null)
  returning r.ev_id
)
select count(*) as count from due
