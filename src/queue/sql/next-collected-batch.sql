-- As next-batch, of ticks put together until there are enough events, or time has passed.
select b.batch_id::text as id,
       b.prev_tick_id::text as previous_tick_id,
       b.cur_tick_id::text as tick_id,
       (extract(epoch from b.cur_tick_time) * 1000)::text as tick_time_ms,
       case when b.batch_id is not null then pgq.batch_event_sql(b.batch_id) end as events_sql
  from pgq.next_batch_custom($1, $2, null, $3::int4, $4::interval) b
