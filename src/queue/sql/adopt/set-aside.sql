-- What becomes a view is renamed; what would not take our functions in its place is dropped: they give the same.
lock table pgq.tick, pgq.subscription in access exclusive mode;
alter table pgq.tick rename to original_tick;
alter table pgq.subscription rename to original_subscription;
alter sequence pgq.subscription_sub_id_seq rename to original_subscription_sub_id_seq;
drop function if exists pgq.get_queue_info(), pgq.get_queue_info(text), pgq.get_consumer_info(),
  pgq.get_consumer_info(text), pgq.get_consumer_info(text, text), pgq.get_batch_info(bigint);
