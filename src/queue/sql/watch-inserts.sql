-- From now on an insert into one of these queues NOTIFYs.
select pgq._set_queue_state(queue_id, 0, 32) from pg_catalog.unnest($1::int4[]) as queue_id
