select s.sch_name as name, q.queue_name as queue, s.sch_cron as cron, s.sch_time_zone as time_zone,
       extract(epoch from s.sch_last) * 1000 as last_ms, s.sch_last::text as last, s.ev_type as type, s.ev_data as data
  from pgq.scheduled_event s
  join pgq.queue q on q.queue_id = s.sch_queue
 order by 1
