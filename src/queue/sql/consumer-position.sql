-- Where a consumer is; no row when it is not registered.
select i.last_tick::text as last_tick_id, i.next_tick::text as next_tick_id
  from pgq.get_consumer_info($1, $2) i
