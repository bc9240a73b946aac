-- What the ticker looks at by itself; the others are ticked by their own ticker, or by nobody.
select q.queue_id, q.queue_name
  from pgq.queue q
  left join pgq.queue_option o using (queue_id)
 where not q.queue_external_ticker
   and not q.queue_ticker_paused
   and coalesce(o.eager, true)
