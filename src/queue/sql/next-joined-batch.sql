-- As next-batch, of all ticks that there are, up to so many events.
select b.batch_id::text as id,
       b.prev_tick_id::text as previous_tick_id,
       b.cur_tick_id::text as tick_id,
       (extract(epoch from b.cur_tick_time) * 1000)::text as tick_time_ms,
       case when b.batch_id is not null then pgq.batch_event_sql(b.batch_id) end as events_sql
  from pgq.next_batch_joined($1, $2, $3::int4) b
