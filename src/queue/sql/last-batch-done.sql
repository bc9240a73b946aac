-- Only the last one is known; of one consumer they ascend.
select b.last_batch_id::text as id
  from pgq_ext.completed_batch b
 where b.consumer_id = $1 and b.subconsumer_id = $2
