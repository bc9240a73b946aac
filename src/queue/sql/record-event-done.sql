-- In the transaction of its handler; nothing when the batch is not open any more, or the event was handled already.
select pgq_ext.set_event_done($1, $2, $3::int8, $4::int8) as is_new
  from pgq.get_batch_info($3::int8) i
 where i.tick_id is not null
