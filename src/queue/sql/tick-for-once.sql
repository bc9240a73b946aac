-- Everything committed by now is in a batch after this, but where somebody else gives the ticks. The locks first, in a
-- statement of their own: so no tick is just being made that has not seen it all. As pgq.tick_eagerly() takes them, in
-- its order, but waiting.
select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pgq.tick_log'), q.queue_id)
  from (select queue_id from pgq.queue where queue_name = any ($1::text[]) order by queue_name) q;
select pgq.tick_eagerly(array(select q.queue_id from pgq.queue q where q.queue_name = any ($1::text[])));
