select q.queue_ticker_paused as is_paused, (select count(*) from pgq.events_coming_again($1, $2)) as coming_again
  from pgq.queue q
 where q.queue_name = $1
