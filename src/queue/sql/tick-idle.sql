-- pgq.ticker(), but for the queues that somebody is ticking or dropping just now: to wait for one would keep all others
-- waiting, for as long as that transaction is open.
select pgq.ticker(q.queue_name)
  from (select * from pgq.queue
         where not queue_external_ticker and not queue_ticker_paused
         order by queue_name) q
 where pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtext('pgq.tick_log'), q.queue_id)
