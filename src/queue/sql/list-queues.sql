-- The tick that a queue is made with counts one event, as a sequence cannot say 0.
select i.queue_name as queue,
       (select count(*) from pgq.get_consumer_info(i.queue_name)) as consumers,
       i.ev_new + (i.last_tick_id = 1 and pg_catalog.pg_sequence_last_value(q.queue_event_seq::regclass) is not null)::int
         as new_events,
       i.ev_per_sec as events_per_second,
       extract(epoch from i.ticker_lag) as ticker_lag_seconds,
       i.last_tick_id as last_tick,
       i.queue_ticker_paused as is_paused,
       i.queue_cur_table + 1 || '/' || i.queue_ntables as table,
       i.queue_rotation_period::text as rotation_period
  from pgq.get_queue_info() i
  join pgq.queue q on q.queue_name = i.queue_name
 order by i.queue_name
