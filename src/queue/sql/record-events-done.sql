-- As record-event-done, of many, for those whose handlers have no transaction: how many.
select count(pgq_ext.set_event_done($1, $2, $3::int8, e.id))::text as count
  from pg_catalog.unnest($4::int8[]) as e (id)
 where exists (select from pgq.get_batch_info($3::int8) i where i.tick_id is not null)
