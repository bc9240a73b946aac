select queue_id::text as id from pgq.queue where queue_name = $1
