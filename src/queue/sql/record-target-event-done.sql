-- As record-event-done, in a target: its record of batches says whether the batch is finished.
select pgq_ext.set_event_done($1, $2, $3::int8, $4::int8) as is_new
 where not exists (
         select from pgq_ext.completed_batch b
          where b.consumer_id = $1 and b.subconsumer_id = $5 and b.last_batch_id >= $3::int8)
