select pgq._prepare_queue(queue_id) from pgq.queue
