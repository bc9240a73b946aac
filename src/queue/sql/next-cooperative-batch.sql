-- As next-batch, of a consumer that several processes share.
select b.id::text as id,
       i.prev_tick_id::text as previous_tick_id,
       i.tick_id::text as tick_id,
       (extract(epoch from i.batch_end) * 1000)::text as tick_time_ms,
       pgq.batch_event_sql(b.id) as events_sql
  from (select pgq_coop.next_batch($1, $2, $3, $4::interval) as id) b
 cross join lateral pgq.get_batch_info(b.id) i
 where b.id is not null
