-- A snapshot from before finds the logs empty, and is told why.
select case kind
         when 'tick' then pgq_ext.set_last_tick(consumer_id, subconsumer_id, value) = 1
         when 'batch' then pgq_ext.set_batch_done(consumer_id, subconsumer_id, value)
         else pgq_ext.set_event_done(consumer_id, subconsumer_id, batch_id, value)
       end
  from pg_temp.kept_tracking;
select pg_catalog.setval('pgq_ext.compaction_seq', pg_catalog.txid_current())
