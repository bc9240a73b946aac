-- Inserts into these queues NOTIFY no more: the ticker looks by itself.
select pgq._set_queue_state(queue_id, 32, 0) from pg_catalog.unnest($1::int4[]) as queue_id
