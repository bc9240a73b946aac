-- Everything committed by now is in a batch after this, but where somebody else gives the ticks. In a transaction
-- with lock-ticks before it: so no tick is just being made that has not seen it all.
select pgq.tick_eagerly(array(select q.queue_id from pgq.queue q where q.queue_name = any ($1::text[])))
