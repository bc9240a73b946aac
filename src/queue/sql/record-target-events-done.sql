-- As record-target-event-done, of many, for those whose handlers have no transaction: how many.
select count(pgq_ext.set_event_done($1, $2, $3::int8, e.id))::text as count
  from pg_catalog.unnest($4::int8[]) as e (id)
 where not exists (
         select from pgq_ext.completed_batch b
          where b.consumer_id = $1 and b.subconsumer_id = $5 and b.last_batch_id >= $3::int8)
