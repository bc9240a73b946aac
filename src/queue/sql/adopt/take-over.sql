-- Every tick and every position as it is, open batches included. A snapshot from before finds the logs empty, and is
-- told why.
insert into pgq.tick_log (tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq)
select tick_queue, tick_id, tick_time, tick_snapshot, coalesce(tick_event_seq, 0) from pgq.original_tick;

insert into pgq.subscriber (sub_id, sub_queue, sub_consumer)
select sub_id, sub_queue, sub_consumer from pgq.original_subscription order by sub_id, sub_consumer;

insert into pgq.position_log (pos_subscriber, pos_step, pos_last_tick, pos_active, pos_batch, pos_next_tick)
select s.sub_no, 1, o.sub_last_tick, o.sub_active, o.sub_batch, o.sub_next_tick
  from pgq.original_subscription o
  join pgq.subscriber s using (sub_queue, sub_consumer);

select pg_catalog.setval('pgq.subscription_sub_id_seq', s.last_value, s.is_called)
  from pgq.original_subscription_sub_id_seq s;
select pg_catalog.setval('pgq.compaction_seq', pg_catalog.txid_current());

truncate pgq.original_tick, pgq.original_subscription;
