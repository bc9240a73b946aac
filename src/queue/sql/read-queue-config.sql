select s.name, s.value
  from pgq.queue q
 cross join lateral (values
         ('ticker_max_count', q.queue_ticker_max_count::text),
         ('ticker_max_lag', q.queue_ticker_max_lag::text),
         ('ticker_idle_period', q.queue_ticker_idle_period::text),
         ('ticker_paused', case when q.queue_ticker_paused then '1' else '0' end),
         ('rotation_period', q.queue_rotation_period::text),
         ('external_ticker', case when q.queue_external_ticker then '1' else '0' end)) as s (name, value)
 where q.queue_name = $1
