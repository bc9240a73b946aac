-- As pgq.tick_eagerly() does, in its order, but waiting.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pgq.tick_log'), q.queue_id)
  from (select queue_id from pgq.queue where queue_name = any ($1::text[]) order by queue_name) q
